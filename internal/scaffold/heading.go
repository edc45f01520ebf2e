package scaffold

import (
	"slices"
	"strings"

	"thidua.dev/thidua/internal/letters"
)

// unitFields are a unit's, in the order of a roster file. A list may have columns for its
// contacts too.
var unitFields = []string{"code", "name", "kind", "collects_to", "administered_by", "submits_to", "group", "calendar"}

// headings are how offices head the columns of their lists, without marks, spaces and
// capitals.
var headings = map[string][]string{
	"code":            {"ma", "madonvi", "madv", "masodonvi", "kyhieu", "kyhieudonvi", "madinhdanh"},
	"name":            {"ten", "tendonvi", "tencoquan", "tencoquandonvi", "donvi", "coquan", "coquandonvi", "tendv", "unitname"},
	"kind":            {"loai", "loaidonvi", "loaihinh", "loaihinhdonvi"},
	"group":           {"nhom", "cum", "khoi", "cumkhoi", "cumthidua", "khoithidua", "cumkhoithidua", "khoicumthidua", "khoicum", "nhomthidua"},
	"collects_to":     {"baocaove", "noinhanbaocao", "coquannhanbaocao", "donvinhanbaocao", "nopve", "nopbaocaove"},
	"administered_by": {"tructhuoc", "coquanchuquan", "coquanquanly", "donvichuquan", "donviquanly", "thuoc"},
	"submits_to":      {"trinhve", "trinhhosove", "noinhanhoso", "coquannhanhoso", "trinhlen"},
	"calendar":        {"lich", "lichlamviec"},
	"focal_name":      {"daumoi", "tendaumoi", "hotendaumoi", "nguoidaumoi", "canbodaumoi", "chuyenviendaumoi", "hotencanbodaumoi", "focalpoint"},
	"focal_email":     {"email", "thudientu", "diachiemail", "hopthu", "emaildaumoi", "thudientudaumoi", "emailcanbodaumoi", "emaildonvi", "thudientudonvi"},
	"leader_name":     {"lanhdao", "hotenlanhdao", "thutruong", "thutruongdonvi", "lanhdaodonvi", "hotenthutruong", "leader"},
	"leader_email":    {"emaillanhdao", "thudientulanhdao", "emailthutruong", "emaillanhdaodonvi"},
}

// fieldOf is what a column's heading stands for; empty for one that is not used.
func fieldOf(heading string) string {
	key := folded(heading)
	for field, known := range headings {
		if key == strings.ReplaceAll(field, "_", "") || slices.Contains(known, key) {
			return field
		}
	}
	return ""
}

// folded is text for comparing: letters and digits without marks, in lower case.
func folded(s string) string { return slug(s, "") }

// slug writes text as a name: letters and digits without marks, in lower case, with
// between for everything else.
func slug(s, between string) string {
	var b strings.Builder
	gap := false // something else has come since the last letter
	for _, r := range letters.Plain(s) {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') {
			gap = true
			continue
		}
		if gap && b.Len() > 0 {
			b.WriteString(between)
		}
		b.WriteRune(r)
		gap = false
	}
	return b.String()
}

// Name proposes a campaign's short name from its full one: "Thi đua chuyển đổi số 2027"
// gives thi-dua-chuyen-doi-so-2027. It is empty where the title has no letter or digit.
func Name(title string) string {
	const longest = 50 // leaves room for a number behind it
	name := slug(title, "-")
	if len(name) > longest {
		name = name[:longest]
		if cut := strings.LastIndexByte(name, '-'); cut > 20 {
			name = name[:cut]
		}
	}
	return strings.Trim(name, "-")
}
