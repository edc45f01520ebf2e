// Package secret keeps what people log in with: passwords as argon2id, second factors
// as time-based codes. It knows no account and no database.
package secret

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

// Lengths of passwords, in characters. There is no rule about kinds of characters: such
// rules make passwords that are written down (NIST SP 800-63B section 3.1.1.2).
const (
	ShortestPassword = 12
	LongestPassword  = 200
)

// Costs of a hash: the second of those that OWASP's cheat sheet on storing passwords
// names for argon2id. They stand in the hash, so a later release may raise them.
const (
	memory  = 19 * 1024 // KiB
	passes  = 2
	threads = 1
	saltLen = 16
	keyLen  = 32
)

// hashing bounds how many hashes are computed at once: each takes a core and 19 MiB, and
// strangers may ask for them.
var hashing = make(chan struct{}, max(1, runtime.GOMAXPROCS(0)))

// Errors of CheckPassword.
var (
	ErrShort   = fmt.Errorf("a password has at least %d characters", ShortestPassword)
	ErrLong    = fmt.Errorf("a password has at most %d characters", LongestPassword)
	ErrObvious = errors.New("the password contains the account's own name")
)

// CheckPassword says why a new password is none. Words are those that it must not
// contain, such as the account's login.
func CheckPassword(password string, words ...string) error {
	n := utf8.RuneCountInString(password)
	switch {
	case n < ShortestPassword:
		return ErrShort
	case n > LongestPassword:
		return ErrLong
	}
	lower := strings.ToLower(password)
	for _, w := range words {
		if w = strings.ToLower(w); utf8.RuneCountInString(w) >= 4 && strings.Contains(lower, w) {
			return ErrObvious
		}
	}
	return nil
}

// Hash of a password, in the PHC's form.
func Hash(password string) string {
	salt := make([]byte, saltLen)
	rand.Read(salt)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, memory, passes, threads,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(derive(password, salt, passes, memory, threads)))
}

func derive(password string, salt []byte, t, m uint32, p uint8) []byte {
	hashing <- struct{}{}
	defer func() { <-hashing }()
	return argon2.IDKey([]byte(password), salt, t, m, p, keyLen)
}

// nobody's hash takes as long to check as anybody's.
var nobodys = Hash("nobody has this password")

// Matches tells whether a password is the one of a hash. An empty hash takes as long as
// another and matches nothing: who asks does not learn whether there is an account.
func Matches(hash, password string) bool {
	none := hash == ""
	if none {
		hash = nobodys
	}
	var version int
	var m, t uint32
	var p uint8
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false
	}
	if _, err := fmt.Sscanf(parts[2], "v=%d", &version); err != nil || version != argon2.Version {
		return false
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &m, &t, &p); err != nil || t == 0 || p == 0 {
		return false
	}
	salt, errSalt := base64.RawStdEncoding.DecodeString(parts[4])
	key, errKey := base64.RawStdEncoding.DecodeString(parts[5])
	if errSalt != nil || errKey != nil || len(key) != keyLen {
		return false
	}
	same := subtle.ConstantTimeCompare(derive(password, salt, t, m, p), key) == 1
	return same && !none
}
