package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
	"time"
)

// Link is what a link that is sent to a unit says about its holder. It is nowhere
// kept: whoever shows the text shows all of it, and the seal proves that it is ours.
type Link struct {
	Unit     string
	Role     Role // FocalPoint or Leader
	Campaign string
	// Version of the unit's links: when it is raised, those sent before are worthless.
	Version int
	// Key is the version of the installation's key.
	Key     int
	Expires time.Time // the machine's time, to the second
}

// sealBytes of the HMAC-SHA256: half of it, so that a link fits on a line of a mail.
const sealBytes = 16

// Actor is who holds the link.
func (l Link) Actor() Actor {
	return Actor{Role: l.Role, Unit: l.Unit, Campaign: l.Campaign, Means: ByLink, Valid: Validity{Until: l.Expires}}
}

func (l Link) claims() string {
	return strings.Join([]string{strconv.Itoa(l.Key), strconv.Itoa(l.Version), strconv.FormatInt(l.Expires.Unix(), 36), string(l.Role), l.Campaign, l.Unit}, "|")
}

// Sign writes the link with its seal, as it stands in an address.
func (l Link) Sign(key []byte) string {
	claims := l.claims()
	return base64.RawURLEncoding.EncodeToString(append(seal(key, claims), claims...))
}

func seal(key []byte, claims string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte("thidua link 1\n" + claims)) // a key that seals something else one day seals no link
	return h.Sum(nil)[:sealBytes]
}

// Sealed is a link as it came, which is not to be believed yet.
type Sealed struct {
	claims Link
	text   string
	seal   []byte
}

// ParseLink reads a link. It does not believe it: Open does.
func ParseLink(text string) (Sealed, error) {
	bad := errors.New("no link")
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) <= sealBytes || len(b) > 512 {
		return Sealed{}, bad
	}
	s := Sealed{seal: b[:sealBytes], text: string(b[sealBytes:])}
	parts := strings.SplitN(s.text, "|", 6)
	if len(parts) != 6 {
		return Sealed{}, bad
	}
	key, err1 := strconv.Atoi(parts[0])
	version, err2 := strconv.Atoi(parts[1])
	expires, err3 := strconv.ParseInt(parts[2], 36, 64)
	if errors.Join(err1, err2, err3) != nil {
		return Sealed{}, bad
	}
	s.claims = Link{Key: key, Version: version, Expires: time.Unix(expires, 0), Role: Role(parts[3]), Campaign: parts[4], Unit: parts[5]}
	if s.claims.Role != FocalPoint && s.claims.Role != Leader || s.claims.claims() != s.text {
		return Sealed{}, bad
	}
	return s, nil
}

// Key is the version of the key that the link says to be sealed with.
func (s Sealed) Key() int { return s.claims.Key }

// Open is what the link says, if the key has sealed it.
func (s Sealed) Open(key []byte) (Link, bool) {
	if !hmac.Equal(s.seal, seal(key, s.text)) {
		return Link{}, false
	}
	return s.claims, true
}
