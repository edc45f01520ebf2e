package scaffold

import "testing"

func TestQuoteYAML(t *testing.T) {
	for in, want := range map[string]string{
		`Thi đua "mẫu": <đợt> 1 & 2`: `"Thi đua \"mẫu\": <đợt> 1 & 2"`,
		"no":                         `"no"`,
		"a\nb":                       `"a\nb"`,
	} {
		if got, err := quoteYAML(in); err != nil || got != want {
			t.Errorf("quoteYAML(%q) = %s, %v; want %s", in, got, err, want)
		}
	}
}

func TestName(t *testing.T) {
	for title, want := range map[string]string{
		"Thi đua chuyển đổi số 2027": "thi-dua-chuyen-doi-so-2027",
		"  Đoàn kết, chung sức!  ":   "doan-ket-chung-suc",
		"???":                        "",
		"Ngành TT&TT đoàn kết, chung sức, đồng lòng thi đua phòng, chống và chiến thắng": "nganh-tt-tt-doan-ket-chung-suc-dong-long-thi-dua",
	} {
		if got := Name(title); got != want || want != "" && !IsName(got) {
			t.Errorf("Name(%q) = %q, want %q", title, got, want)
		}
	}
}
