package pages

import (
	"testing"

	"thidua.dev/thidua/internal/notify/texts"
)

func TestActorInWords(t *testing.T) {
	u := ui{lang: texts.VI}
	for audit, want := range map[string]string{
		"Office of VP by account 3":          "Cơ quan thường trực thi đua VP (tài khoản số 3)",
		"Operator root":                      "Quản trị hệ thống, root",
		"Leader Trần Thị B of 01 by token 7": "Lãnh đạo đơn vị 01, Trần Thị B (thẻ truy cập số 7)",
		"FocalPoint of STTTT-12 by link":     "Đầu mối đơn vị STTTT-12 (qua đường dẫn trong thư)",
		"Engine":                             "Engine",
		"":                                   "",
	} {
		if got := u.actor(audit); got != want {
			t.Errorf("%q is %q, want %q", audit, got, want)
		}
	}
}
