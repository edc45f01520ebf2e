package httpapi

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/evidence"
	"thidua.dev/thidua/internal/limit"
)

// filePatience is for 64 MiB over a line of 512 kbit/s.
const filePatience = 20 * time.Minute

// filesOfOne are files that one token sends: a program may bring those of many units.
var filesOfOne = limit.Rate{AtOnce: 300, Every: time.Second}

// errTooManyFiles are more.
var errTooManyFiles = errors.New("too many files")

// Attached names a file that was sent before; the server knows the rest of it.
type Attached struct {
	Name   string `json:"name" maxLength:"255" doc:"As its sender calls it." example:"88-BC.pdf"`
	SHA256 string `json:"sha256" pattern:"^[0-9a-f]{64}$" doc:"As POST /files answered it."`
}

// KeptFile is a file that is there for good.
type KeptFile struct {
	Name      string `json:"name,omitempty" doc:"As it was sent with."`
	SHA256    string `json:"sha256"`
	Size      int64  `json:"size" doc:"In bytes."`
	MediaType string `json:"mediaType" doc:"As its bytes look, whatever its sender says."`
}

// upload is a request whose body is read as it comes, and never into memory.
type upload struct {
	Name string `query:"name" maxLength:"255" doc:"A name without slashes, only to be answered with; reports name their files themselves." example:"88-BC.pdf"`

	body *coming
	size int64 // -1: not said
}

// Resolve gets at the body; huma would read all of it first.
func (u *upload) Resolve(ctx huma.Context) []error {
	r, _ := humago.Unwrap(ctx)
	u.body, u.size = &coming{r: r.Body}, r.ContentLength
	_ = ctx.SetReadDeadline(time.Now().Add(filePatience)) // a connection that knows none waits longer
	return nil
}

// coming remembers that the sender failed, and not we.
type coming struct {
	r   io.Reader
	err error
}

func (c *coming) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		c.err = err
	}
	return n, err
}

// download is a file as it is sent.
type download struct {
	Type        string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition" doc:"Always attachment."`
	Length      string `header:"Content-Length"`
	Body        func(huma.Context)
}

func (a *App) addFiles() {
	bytes := octets("Its bytes.", "application/octet-stream")
	register(a, operation{
		id: "keep-file", method: http.MethodPost, path: "/files", tag: tagAct, body: evidence.MaxSize,
		summary: "Send a file that a report will refer to, at most 64 MiB; the same bytes are kept once",
		bytes:   &huma.RequestBody{Required: true, Content: bytes[strconv.Itoa(http.StatusOK)].Content},
	}, a.keepFile)
	register(a, operation{
		id: "get-file", method: http.MethodGet, path: "/campaigns/{campaign}/units/{unit}/files/{sha256}", tag: tagLook,
		summary: "A file that came with a report of the unit",
		answers: bytes,
	}, a.file)
}

func (a *App) keepFile(ctx context.Context, in *upload) (*Out[KeptFile], error) {
	files, err := a.files.For(ctx, actorOf(ctx), auth.Keep, engine.Of{})
	if err != nil {
		return nil, err
	}
	if in.Name != "" {
		if err := engine.CheckFileName(in.Name); err != nil {
			return nil, err
		}
	}
	if in.size > evidence.MaxSize {
		return nil, evidence.ErrTooLarge
	}
	if !a.sent.Allow(actorOf(ctx).String(), time.Now()) {
		return nil, errTooManyFiles
	}
	body := bufio.NewReader(in.body)
	if _, err := body.Peek(1); errors.Is(err, io.EOF) {
		return nil, &engine.Refused{Code: "FileEmpty", Text: "the body is empty: send the file's bytes, as application/octet-stream"}
	}
	k, err := files.Put(ctx, body)
	if in.body.err != nil {
		return nil, &huma.ErrorModel{
			Type: problemType + "Interrupted", Title: http.StatusText(http.StatusRequestTimeout), Status: http.StatusRequestTimeout,
			Detail: "the file did not arrive whole; nothing was kept, send it again",
		}
	}
	if err != nil {
		return nil, broken(ctx, err)
	}
	a.log.InfoContext(ctx, "file kept", "actor", actorOf(ctx), "sha256", k.SHA256, "size", k.Size)
	return answer(KeptFile{in.Name, k.SHA256, k.Size, k.MediaType}, nil)
}

func (a *App) file(ctx context.Context, in *struct {
	OfUnit
	SHA256 string `path:"sha256" pattern:"^[0-9a-f]{64}$" doc:"As get-unit names it."`
},
) (*download, error) {
	of := engine.Of{Campaign: in.Campaign, Unit: in.Unit}
	r, err := a.reader(ctx, auth.SeeUnit, of)
	if err != nil {
		return nil, err
	}
	named, err := r.File(ctx, in.Campaign, in.Unit, in.SHA256)
	if err != nil {
		return nil, err
	}
	files, err := a.files.For(ctx, actorOf(ctx), auth.SeeUnit, of)
	if err != nil {
		return nil, err
	}
	// Read once before the first byte leaves: what was altered is not passed on.
	if damage, err := files.Check(ctx, in.SHA256); err != nil || damage != evidence.Whole {
		return nil, broken(ctx, errors.Join(err, fmt.Errorf("file %s of unit %s: %s", in.SHA256, in.Unit, damage)))
	}
	f, err := files.Open(in.SHA256)
	if err != nil {
		return nil, broken(ctx, err)
	}
	out := &download{
		Type: named.MediaType, Length: strconv.FormatInt(named.Size, 10),
		Disposition: mime.FormatMediaType("attachment", map[string]string{"filename": named.Name}),
	}
	if out.Disposition == "" {
		out.Disposition = "attachment"
	}
	out.Body = func(ctx huma.Context) {
		defer f.Close()
		if _, err := io.Copy(ctx.BodyWriter(), f); err != nil {
			a.log.DebugContext(ctx.Context(), "a file was not sent whole", "sha256", in.SHA256, "error", err)
		}
	}
	return out, nil
}

// broken is an error of the store of files as a fault of the server. It keeps the text
// only: what the system says of a disk is not to be taken for a database that is away.
func broken(ctx context.Context, err error) error {
	var refused *evidence.Refused
	if ctx.Err() != nil || errors.As(err, &refused) {
		return err
	}
	return errors.New("files of reports: " + err.Error())
}

// refer takes from the store what clients don't say. Who may not do the verb hears so
// before they hear which files there are.
func (a *App) refer(ctx context.Context, verb auth.Verb, of OfUnit, files []Attached, to *engine.Report) error {
	if len(files) == 0 {
		return nil
	}
	kept, err := a.files.For(ctx, actorOf(ctx), verb, engine.Of{Campaign: of.Campaign, Unit: of.Unit})
	if err != nil {
		return err
	}
	for _, f := range files {
		k, err := kept.Stat(f.SHA256)
		if errors.Is(err, fs.ErrNotExist) {
			return &engine.Refused{Code: "FileUnknown", Text: fmt.Sprintf("file %q: no bytes with sha256 %s were sent; POST /files first", f.Name, f.SHA256)}
		}
		if err != nil {
			return broken(ctx, err)
		}
		to.Files = append(to.Files, engine.File{Name: f.Name, SHA256: k.SHA256, Size: k.Size, MediaType: k.MediaType})
	}
	return nil
}
