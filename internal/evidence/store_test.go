package evidence_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"thidua.dev/thidua/internal/evidence"
)

// The hash of "abc", FIPS 180-2 appendix B.1.
const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

func TestPut(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "files")
	s := evidence.New(dir)
	for range 2 {
		k, err := s.Put(t.Context(), strings.NewReader("abc"))
		if err != nil || k.SHA256 != abc || k.Size != 3 || k.MediaType != "text/plain; charset=utf-8" {
			t.Fatalf("%+v, %v", k, err)
		}
	}
	if k, err := s.Stat(abc); err != nil || k != (evidence.Kept{SHA256: abc, Size: 3, MediaType: "text/plain; charset=utf-8"}) {
		t.Errorf("%+v, %v", k, err)
	}
	if _, err := s.Stat(strings.Repeat("0", 64)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("of what was never kept: %v", err)
	}
	f, err := s.Open(abc)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if b, err := io.ReadAll(f); err != nil || string(b) != "abc" {
		t.Errorf("%q, %v", b, err)
	}
	var files []string
	err = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if !d.IsDir() {
			files = append(files, filepath.Base(path))
		}
		return err
	})
	if err != nil || len(files) != 1 {
		t.Errorf("twice the same is kept once and nothing else is left: %v, %v", files, err)
	}
}

// What a sender calls it does not count.
func TestMediaTypeIsOfTheBytes(t *testing.T) {
	for content, want := range map[string]string{
		"%PDF-1.7\n…":             "application/pdf",
		"\x89PNG\x0d\x0a\x1a\x0a": "image/png",
		"PK\x03\x04 a workbook":   "application/zip",
		"":                        "text/plain; charset=utf-8",
	} {
		k, err := evidence.New(t.TempDir()).Put(t.Context(), strings.NewReader(content))
		if err != nil || k.MediaType != want {
			t.Errorf("%q: %+v, %v; want %s", content, k, err, want)
		}
	}
}

// endless is a file without an end.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestPutLeavesNothingOfWhatItRefuses(t *testing.T) {
	broken := errors.New("the line broke")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		reason string
		ctx    context.Context
		r      io.Reader
		want   error
	}{
		{"too large", t.Context(), endless{}, evidence.ErrTooLarge},
		{"the upload breaks", t.Context(), io.MultiReader(strings.NewReader("abc"), errorReader{broken}), broken},
		{"nobody waits any more", ended, strings.NewReader("abc"), context.Canceled},
	} {
		dir := t.TempDir()
		if _, err := evidence.New(dir).Put(c.ctx, c.r); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.reason, err, c.want)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("%s: %v is left, %v", c.reason, left, err)
		}
	}
}

type errorReader struct{ err error }

func (r errorReader) Read([]byte) (int, error) { return 0, r.err }

func TestCheck(t *testing.T) {
	dir := t.TempDir()
	s := evidence.New(dir)
	if _, err := s.Put(t.Context(), strings.NewReader("abc")); err != nil {
		t.Fatal(err)
	}
	check := func(reason string, want evidence.Damage) {
		t.Helper()
		if got, err := s.Check(t.Context(), abc); got != want || err != nil {
			t.Errorf("%s: %q, %v; want %q", reason, got, err, want)
		}
	}
	check("as it came", evidence.Whole)
	path := filepath.Join(dir, abc[:2], abc)
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("abd"), 0o600); err != nil {
		t.Fatal(err)
	}
	check("one letter is another", evidence.Altered)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	check("gone", evidence.Missing)
	for _, name := range []string{"", "../../etc/passwd", strings.ToUpper(abc), abc + "0"} {
		if _, err := s.Open(name); err == nil || errors.Is(err, os.ErrNotExist) {
			t.Errorf("%q is taken for a hash: %v", name, err)
		}
	}
}
