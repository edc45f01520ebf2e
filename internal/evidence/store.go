// Package evidence keeps the files that come with reports, scans and photographs
// and tables: each once, under the SHA-256 of its bytes, outside the database.
package evidence

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
)

// MaxSize is the most that one file may have, in bytes.
const MaxSize = 64 << 20

// Kept is a file that is there for good.
type Kept struct {
	SHA256    string // lower-case hexadecimal
	Size      int64
	MediaType string // as its bytes look, never as its sender says
}

// Store is a directory of files.
type Store struct {
	dir     string
	scanner Scanner // nil: nothing is scanned
}

// New names the directory; it is made when the first file comes.
func New(dir string) *Store { return &Store{dir: dir} }

// Scanned is the same store, which takes nothing that the scanner has not passed.
func (s *Store) Scanned(by Scanner) *Store { return &Store{s.dir, by} }

// String is where it is.
func (s *Store) String() string { return s.dir }

// Put keeps what r holds. When it returns, the bytes are synced to the disk: what
// refers to them may be committed. The same bytes twice are kept once. A file that is not
// taken, by its kind or by the scanner, is *Refused.
func (s *Store) Put(ctx context.Context, r io.Reader) (k Kept, err error) {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return k, err
	}
	f, err := os.CreateTemp(s.dir, ".coming-*")
	if err != nil {
		return k, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close(), os.Remove(f.Name()))
		}
	}()
	sum, head := sha256.New(), &headWriter{}
	k.Size, err = io.Copy(io.MultiWriter(f, sum, head), io.LimitReader(&reader{ctx, r}, MaxSize+1))
	if err != nil {
		return k, err
	}
	if k.Size > MaxSize {
		return k, ErrTooLarge
	}
	if err := s.look(ctx, f, head.buf.Bytes()); err != nil {
		return k, err
	}
	k.SHA256, k.MediaType = hex.EncodeToString(sum.Sum(nil)), http.DetectContentType(head.buf.Bytes())
	if err := f.Sync(); err != nil {
		return k, err
	}
	if err := f.Chmod(0o400); err != nil {
		return k, err
	}
	path := s.path(k.SHA256)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return k, err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return k, err
	}
	if err := f.Close(); err != nil {
		return k, err
	}
	return k, errors.Join(syncDir(filepath.Dir(path)), syncDir(s.dir))
}

// look at a file that has come, before it is kept.
func (s *Store) look(ctx context.Context, f *os.File, head []byte) error {
	if program(head) {
		return errProgram
	}
	if s.scanner == nil {
		return nil
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	err := s.scanner.Scan(ctx, f)
	if ctx.Err() != nil {
		return ctx.Err() // whoever sent it is gone; that says nothing about the scanner
	}
	return err
}

// reader ends with its context.
type reader struct {
	ctx context.Context //nolint:containedctx // it lives as long as one call
	r   io.Reader
}

func (r *reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}

// headSize is all that a media type is read from.
const headSize = 512

// headWriter keeps what a media type is read from.
type headWriter struct{ buf bytes.Buffer }

func (w *headWriter) Write(p []byte) (int, error) {
	if rest := headSize - w.buf.Len(); rest > 0 {
		w.buf.Write(p[:min(rest, len(p))])
	}
	return len(p), nil
}

// syncDir makes a name in a directory last through a power failure.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// path spreads files over 256 directories: some file systems are slow with many in one.
func (s *Store) path(sum string) string { return filepath.Join(s.dir, sum[:2], sum) }

var sum = regexp.MustCompile(`^[0-9a-f]{64}$`)

// Open opens a file that was kept.
func (s *Store) Open(sha256 string) (*os.File, error) {
	if !sum.MatchString(sha256) {
		return nil, fmt.Errorf("%.80q is not a SHA-256 in hexadecimal: %w", sha256, fs.ErrInvalid)
	}
	return os.Open(s.path(sha256))
}

// Stat tells what is known of a file that was kept; one that was not is fs.ErrNotExist.
func (s *Store) Stat(sha256 string) (k Kept, err error) {
	f, err := s.Open(sha256)
	if err != nil {
		return k, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return k, err
	}
	head := &headWriter{}
	if _, err := io.Copy(head, io.LimitReader(f, headSize)); err != nil {
		return k, err
	}
	return Kept{SHA256: sha256, Size: info.Size(), MediaType: http.DetectContentType(head.buf.Bytes())}, nil
}

// Damage of a file.
type Damage string

// What may have become of a file.
const (
	Whole   Damage = ""
	Missing Damage = "FileMissing"
	Altered Damage = "FileAltered"
)

// Check reads a file again and holds it to its hash.
func (s *Store) Check(ctx context.Context, hash string) (Damage, error) {
	f, err := s.Open(hash)
	if errors.Is(err, fs.ErrNotExist) {
		return Missing, nil
	}
	if err != nil {
		return Whole, err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, &reader{ctx, f}); err != nil {
		return Whole, err
	}
	if hex.EncodeToString(sum.Sum(nil)) != hash {
		return Altered, nil
	}
	return Whole, nil
}
