package pages

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBrief(t *testing.T) {
	for why, c := range map[string]struct{ names, want []string }{
		"departments of one kind": {[]string{"Sở Thông tin và Truyền thông Hà Nội", "Sở Thông tin và Truyền thông Bà Rịa - Vũng Tàu"}, []string{"Hà Nội", "Bà Rịa - Vũng Tàu"}},
		"nothing in common":       {[]string{"Vụ Bưu chính", "Cục Báo chí"}, []string{"Vụ Bưu chính", "Cục Báo chí"}},
		"a number is no name":     {[]string{"Xã Tân Lập số 1", "Xã Tân Lập số 22"}, []string{"số 1", "số 22"}},
		"one is all of another":   {[]string{"Văn phòng", "Văn phòng Bộ"}, []string{"Văn phòng", "Văn phòng Bộ"}},
		"one alone":               {[]string{"Sở Nội vụ"}, []string{"Sở Nội vụ"}},
	} {
		if diff := cmp.Diff(c.want, brief(c.names)); diff != "" {
			t.Errorf("%s: %s", why, diff)
		}
	}
}

func TestCutAndTail(t *testing.T) {
	if got := cut("Cục Xuất bản, In và Phát hành", 14); got != "Cục Xuất bản…" {
		t.Error(got)
	}
	if got := tail("BTTTT-VU-KHTC-01", 8); got != "…KHTC-01" {
		t.Error(got)
	}
	if cut("ngắn", 4) != "ngắn" || tail("DN-1", 4) != "DN-1" {
		t.Error("what fits is cut")
	}
}
