package letters

import "testing"

func TestPlain(t *testing.T) {
	for in, want := range map[string]string{
		"Hoà Bình": "hoa binh", "Hòa Bình": "hoa binh", "ĐẮK LẮK": "dak lak", "a.le@Sở.vn": "a.le@so.vn", "": "", "TT&TT 2027": "tt&tt 2027",
	} {
		if got := Plain(in); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}
