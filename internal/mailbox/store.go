package mailbox

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// store keeps mails in order of arrival: in a Maildir, or in memory without one.
// Taking a mail in is kept cheap; it is parsed when somebody looks.
type store struct {
	dir string

	mu      sync.Mutex
	entries []*entry
	byID    map[string]*entry
	last    int64
}

type entry struct {
	id   string
	raw  []byte // nil if it is in path
	path string

	once    sync.Once
	summary Message // without Text, HTML and Raw
	err     error
}

func openStore(dir string) (*store, error) {
	s := &store{dir: dir, byID: map[string]*entry{}}
	if dir == "" {
		return s, nil
	}
	for _, sub := range []string{"tmp", "new", "cur"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			return nil, err
		}
	}
	entries, err := readMaildir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		s.insert(e)
	}
	return s, nil
}

// readMaildir lists the mails of a Maildir. Names begin with the time of arrival;
// a mail reader that opened the folder may have moved some to cur.
func readMaildir(dir string) ([]*entry, error) {
	var entries []*entry
	for _, sub := range []string{"new", "cur"} {
		files, err := os.ReadDir(filepath.Join(dir, sub))
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			id, _, _ := strings.Cut(f.Name(), ":")
			entries = append(entries, &entry{id: id, path: filepath.Join(dir, sub, f.Name())})
		}
	}
	slices.SortFunc(entries, func(a, b *entry) int { return strings.Compare(a.id, b.id) })
	return entries, nil
}

// insert keeps the order of arrival: a mail that took longer to write may come in
// behind a later one.
func (s *store) insert(e *entry) {
	at, _ := slices.BinarySearchFunc(s.entries, e.id, func(e *entry, id string) int { return strings.Compare(e.id, id) })
	s.entries = slices.Insert(s.entries, at, e)
	s.byID[e.id] = e
}

// add keeps a mail and returns its id. With a directory it is on disk before
// anybody is told so.
func (s *store) add(raw []byte) (string, error) {
	s.mu.Lock()
	// Two mails in one nanosecond, or a clock set back, must not share an id or
	// change places.
	s.last = max(s.last+1, time.Now().UnixNano())
	e := &entry{id: fmt.Sprintf("%019d.%d.thidua", s.last, os.Getpid())}
	s.mu.Unlock()
	if s.dir == "" {
		e.raw = raw
	} else {
		tmp := filepath.Join(s.dir, "tmp", e.id)
		if err := os.WriteFile(tmp, raw, 0o600); err != nil {
			return "", err
		}
		e.path = filepath.Join(s.dir, "new", e.id)
		if err := os.Rename(tmp, e.path); err != nil {
			return "", err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.insert(e)
	return e.id, nil
}

func (s *store) all() []*entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.entries)
}

func (s *store) find(id string) (*entry, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.byID[id]
	return e, ok
}

func (s *store) messages() ([]Message, error) { return parseAll(s.all()) }

func parseAll(entries []*entry) ([]Message, error) {
	out := make([]Message, 0, len(entries))
	for _, e := range entries {
		m, err := e.message()
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}

// message parses the whole mail.
func (e *entry) message() (Message, error) {
	raw := e.raw
	if raw == nil {
		var err error
		if raw, err = os.ReadFile(e.path); err != nil {
			return Message{}, err
		}
	}
	m, err := ParseMail(raw)
	m.ID = e.id
	if err != nil {
		return m, fmt.Errorf("mail %s: %w", e.id, err)
	}
	return m, nil
}

// head parses the mail once and remembers what a list shows of it.
func (e *entry) head() (Message, error) {
	e.once.Do(func() {
		e.summary, e.err = e.message()
		e.summary.Text, e.summary.HTML, e.summary.Raw = "", "", nil
	})
	return e.summary, e.err
}
