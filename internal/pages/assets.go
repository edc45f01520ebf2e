package pages

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"

	"thidua.dev/thidua/internal/look"
)

//go:embed assets/*.js assets/*.css assets/*.svg
var assetFiles embed.FS

const assetsPath = "/assets/"

// assets are the files that pages load. Their addresses carry a digest of all of
// them, so that browsers may keep them for good.
type assets struct {
	digest string
	files  map[string]asset
}

type asset struct {
	kind       string
	plain, zip []byte
}

func newAssets() *assets {
	a := &assets{files: map[string]asset{}}
	sum := sha256.New()
	entries, err := fs.ReadDir(assetFiles, "assets")
	if err != nil {
		panic(err) // the files are part of the binary
	}
	for _, e := range entries {
		b, err := assetFiles.ReadFile("assets/" + e.Name())
		if err != nil {
			panic(err)
		}
		sum.Write(b)
		a.files[e.Name()] = asset{contentType(e.Name()), b, gzipped(b)}
	}
	a.digest = hex.EncodeToString(sum.Sum(nil)[:6])
	return a
}

func contentType(name string) string {
	switch path.Ext(name) {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	return mime.TypeByExtension(path.Ext(name))
}

// path below which the files are, behind base.
func (a *assets) path(base string) string { return base + assetsPath + a.digest + "/" }

func (a *assets) serve(w http.ResponseWriter, r *http.Request) error {
	file, ok := a.files[r.PathValue("file")]
	if !ok {
		return &look.NotFound{Kind: "page"}
	}
	h := w.Header()
	h.Set("Content-Type", file.kind)
	h.Set("Vary", "Accept-Encoding")
	if r.PathValue("digest") == a.digest {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	if acceptsGzip(r) {
		h.Set("Content-Encoding", "gzip")
		_, _ = w.Write(file.zip)
		return nil
	}
	_, _ = w.Write(file.plain)
	return nil
}

func acceptsGzip(r *http.Request) bool {
	for encoding := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		if name, _, _ := strings.Cut(strings.TrimSpace(encoding), ";"); name == "gzip" {
			return true
		}
	}
	return false
}

func gzipped(b []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = w.Write(b) // a buffer takes everything
	_ = w.Close()
	return out.Bytes()
}
