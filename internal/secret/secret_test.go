package secret

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestMatches(t *testing.T) {
	hash := Hash("một câu dài dễ nhớ")
	for _, c := range []struct {
		reason, hash, password string
		want                   bool
	}{
		{"its own", hash, "một câu dài dễ nhớ", true},
		{"another", hash, "một câu dài dễ nhớ ", false},
		{"no account", "", "nobody has this password", false},
		{"an empty one", hash, "", false},
		{"another kind", "$argon2i$v=19$m=19456,t=2,p=1$" + strings.SplitN(hash, "$", 5)[4], "một câu dài dễ nhớ", false},
		{"torn", hash[:len(hash)-3], "một câu dài dễ nhớ", false},
		{"no cost", strings.Replace(hash, "t=2", "t=0", 1), "một câu dài dễ nhớ", false},
	} {
		if got := Matches(c.hash, c.password); got != c.want {
			t.Errorf("%s: %v", c.reason, got)
		}
	}
	if hash == Hash("một câu dài dễ nhớ") {
		t.Error("two hashes of one password are the same")
	}
}

func TestCheckPassword(t *testing.T) {
	for _, c := range []struct {
		reason, password string
		want             error
	}{
		{"eleven characters", "mườimộtkýtự", ErrShort},
		{"twelve characters, not bytes", "mườihaikýtự1", nil},
		{"the login", "xin chào thidua.van-phong", ErrObvious},
		{"too long", strings.Repeat("dài", 70), ErrLong},
	} {
		if got := CheckPassword(c.password, "van-phong", "A"); !errors.Is(got, c.want) {
			t.Errorf("%s: %v", c.reason, got)
		}
	}
}

// RFC 6238 appendix B, SHA-1, the last six of its eight digits.
func TestStep(t *testing.T) {
	seed := []byte("12345678901234567890")
	for _, c := range []struct {
		unix int64
		code string
	}{{59, "287082"}, {1111111109, "081804"}, {1111111111, "050471"}, {1234567890, "005924"}, {2000000000, "279037"}, {20000000000, "353130"}} {
		at := time.Unix(c.unix, 0)
		if got := Code(seed, at); got != c.code {
			t.Errorf("at %d the code is %s, want %s", c.unix, got, c.code)
		}
		if got := Step(seed, " "+c.code[:3]+" "+c.code[3:], at); got != c.unix/30 {
			t.Errorf("at %d: step %d", c.unix, got)
		}
		for _, seconds := range []int64{-30, 30} {
			if Step(seed, c.code, at.Add(time.Duration(seconds)*time.Second)) != c.unix/30 {
				t.Errorf("at %d, %d s off: refused", c.unix, seconds)
			}
		}
		if Step(seed, c.code, at.Add(90*time.Second)) != 0 {
			t.Errorf("at %d: three steps later it still counts", c.unix)
		}
	}
	for _, wrong := range []string{"", "12345", "abcdef", "0"} {
		if Step(seed, wrong, time.Unix(59, 0)) != 0 {
			t.Errorf("%q counts", wrong)
		}
	}
}

func TestPicture(t *testing.T) {
	b, err := Picture(NewSeed(), "Thi đua", "lê văn a@so.example")
	if err != nil || len(b) < 500 || string(b[1:4]) != "PNG" {
		t.Errorf("%d bytes, %v", len(b), err)
	}
}
