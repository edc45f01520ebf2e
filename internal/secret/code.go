package secret

import (
	"bytes"
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"image/png"
	"net/url"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
)

// A code is of six digits and 30 seconds, with SHA-1, which is all that the usual
// programs of telephones know (RFC 6238). The step before and the one after count too:
// clocks differ.
const (
	stepSeconds = 30
	drift       = 1
	seedLen     = 20
)

// NewSeed makes the secret of a second factor.
func NewSeed() []byte {
	seed := make([]byte, seedLen)
	rand.Read(seed)
	return seed
}

// SeedText is a seed as people type it.
func SeedText(seed []byte) string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(seed)
}

// Step finds the time step of a code, 0 for a wrong one. The caller takes each step of a
// seed once.
func Step(seed []byte, code string, at time.Time) int64 {
	code = strings.ReplaceAll(strings.TrimSpace(code), " ", "")
	now := at.Unix() / stepSeconds
	for _, step := range []int64{now, now - drift, now + drift} {
		if ok, err := hotp.ValidateCustom(code, uint64(step), SeedText(seed), options); err == nil && ok {
			return step
		}
	}
	return 0
}

// Code is what a seed's holder sees at an instant.
func Code(seed []byte, at time.Time) string {
	code, err := hotp.GenerateCodeCustom(SeedText(seed), uint64(at.Unix()/stepSeconds), options)
	if err != nil {
		panic(err) // the seed is ours
	}
	return code
}

var options = hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}

// Picture is a PNG of the code that a telephone reads a seed from.
func Picture(seed []byte, issuer, login string) ([]byte, error) {
	label := url.PathEscape(issuer + ":" + login)
	key, err := otp.NewKeyFromURL(fmt.Sprintf("otpauth://totp/%s?secret=%s&issuer=%s", label, SeedText(seed), url.QueryEscape(issuer)))
	if err != nil {
		return nil, err
	}
	const side = 240 // pixels
	image, err := key.Image(side, side)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := png.Encode(&b, image); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
