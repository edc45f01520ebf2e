package pages

import (
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/evidence"
)

const (
	// maxUpload is what one form may carry, files and all, in bytes.
	maxUpload = 4 * evidence.MaxSize
	// maxFiles go with a report.
	maxFiles = 20
	// uploadPatience is for 64 MiB over a line of 512 kbit/s.
	uploadPatience = 20 * time.Minute
)

// formWithFiles reads a form as it comes: what was typed into memory, files onto the disk,
// each when it has come whole. Files are kept only for who may keep them.
func (a *App) formWithFiles(w http.ResponseWriter, r *http.Request, actor auth.Actor) (url.Values, []engine.File, error) {
	unreadable := &engine.Refused{Code: "unreadable"}
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data") {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		if err := r.ParseForm(); err != nil {
			return nil, nil, unreadable
		}
		return r.PostForm, nil, nil
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(uploadPatience)) // a connection that knows none waits longer
	r.Body = http.MaxBytesReader(w, r.Body, maxUpload)
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, nil, unreadable
	}
	values, files, left := url.Values{}, []engine.File(nil), int64(maxForm)
	var often error
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return values, files, often
		}
		if err != nil {
			return values, nil, unreadable
		}
		if part.FileName() == "" {
			text, err := io.ReadAll(io.LimitReader(part, left+1))
			if left -= int64(len(text)); err != nil || left < 0 {
				return values, nil, unreadable
			}
			if part.Header.Get("Content-Type") == "" { // an empty choice of files has one
				values.Add(part.FormName(), string(text))
			}
			continue
		}
		if len(files) == 0 && often == nil {
			often = a.door.sends(r, actor)
		}
		if often != nil {
			if typing(r) {
				return values, nil, nil // what was typed is kept; the files come with the button
			}
			continue // what was typed behind them is not to be typed again
		}
		f, err := a.keepFile(r, actor, part)
		if err != nil {
			return values, nil, err
		}
		if files = append(files, f); len(files) > maxFiles {
			return values, nil, &engine.Refused{Code: "InvalidFile"}
		}
	}
}

func (a *App) keepFile(r *http.Request, actor auth.Actor, part *multipart.Part) (engine.File, error) {
	name := filepath.Base(part.FileName())
	store, err := a.door.files.For(r.Context(), actor, auth.Keep, engine.Of{})
	if err != nil {
		return engine.File{}, err
	}
	k, err := store.Put(r.Context(), part)
	var refused *evidence.Refused
	switch {
	case errors.As(err, &refused):
		a.o.Log.WarnContext(r.Context(), "file refused", "actor", actor, "code", refused.Code, "cause", refused.Cause())
		return engine.File{}, &engine.Refused{Code: refused.Code, Text: refused.Text}
	case err != nil && r.Context().Err() == nil && !errors.Is(err, io.ErrUnexpectedEOF):
		return engine.File{}, err
	case err != nil:
		return engine.File{}, &engine.Refused{Code: "unreadable"}
	case k.Size == 0:
		return engine.File{}, &engine.Refused{Code: "FileEmpty"}
	}
	return engine.File{Name: name, SHA256: k.SHA256, Size: k.Size, MediaType: k.MediaType}, nil
}
