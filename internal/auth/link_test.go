package auth

import (
	"encoding/base64"
	"testing"
	"time"
)

func TestLink(t *testing.T) {
	key := []byte("a key of thirty-two bytes, or so")
	l := Link{Unit: "STTTT-04|x", Role: FocalPoint, Campaign: "covid-2021", Version: 3, Key: 2, Expires: time.Unix(1_800_000_000, 0)}
	text := l.Sign(key)
	if len(text) > 110 {
		t.Errorf("a link of %d letters does not fit on a line: %s", len(text), text)
	}
	s, err := ParseLink(text)
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := s.Open(key); !ok || got != l || s.Key() != 2 {
		t.Errorf("opened %+v, %v", got, ok)
	}
	if _, ok := s.Open([]byte("another key")); ok {
		t.Error("another key opens it")
	}
	// Every bit counts.
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	for i := range b {
		for bit := range 8 {
			b[i] ^= 1 << bit
			if s, err := ParseLink(base64.RawURLEncoding.EncodeToString(b)); err == nil {
				if got, ok := s.Open(key); ok {
					t.Fatalf("bit %d of byte %d changed, and it opens as %+v", bit, i, got)
				}
			}
			b[i] ^= 1 << bit
		}
	}
	if a := l.Actor(); Can(a, Approve, Object{Unit: l.Unit, Campaign: l.Campaign, At: time.Unix(1, 0)}) {
		t.Error("a link approves")
	}
}

func FuzzParseLink(f *testing.F) {
	key := []byte("k")
	f.Add(Link{Unit: "U", Role: Leader, Campaign: "c", Version: 1, Key: 1}.Sign(key))
	f.Add("")
	f.Add("AAAAAAAAAAAAAAAAAAAAAA")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseLink(text)
		if err != nil {
			return
		}
		if l, ok := s.Open(key); ok && l.Sign(key) != text {
			t.Errorf("%q opens and is written %q", text, l.Sign(key))
		}
	})
}
