package pages_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/look/looktest"
)

var invitationTold = regexp.MustCompile(`http://127\.0\.0\.1:[0-9]+(/invite/[A-Za-z0-9_-]{43})`)

// nextYear is a last day that roles may have.
func nextYear() string { return time.Now().AddDate(1, 0, 0).Format(time.DateOnly) }

// told sends a form that must be carried out, and reads the page that follows.
func told(b *browser, path string, values url.Values, want string) (page string) {
	b.d.t.Helper()
	response, page := b.do(http.MethodPost, path, values)
	if response.StatusCode != http.StatusSeeOther {
		b.d.t.Fatalf("%v: %d %s", values, response.StatusCode, page)
	}
	_, page = b.do(http.MethodGet, response.Header.Get("Location"), nil)
	wellFormed(b.d.t, want, page)
	contains(b.d.t, page, want)
	return page
}

// An operator admits somebody; the address to set a password is shown once, and whoever it
// was handed to comes in by it.
func TestOperatorAdmits(t *testing.T) {
	d := openDesk(t, "")
	d.account("quan-tri", grants["operator"])
	b := d.login("quan-tri")
	_, page := b.do(http.MethodGet, "/account", nil)
	contains(t, page, `href="/people"`, "Quản lý người dùng")
	_, page = b.do(http.MethodGet, "/people", nil)
	wellFormed(t, "people", page)
	contains(t, page, "Người dùng quan-tri", "Quản trị hệ thống", "Mọi phong trào", "đã có mã xác thực trên điện thoại")

	admit := func(edit url.Values) url.Values {
		values := url.Values{
			"act": {"admit"}, "name": {"Lê Văn Đạt"}, "login": {"le.van.dat@so.example"}, "role": {"Leader"}, "unit": {unit}, "campaign": {looktest.Name},
			"until": {nextYear()}, "reason": {"<b>QĐ 12</b>"},
		}
		maps.Copy(values, edit)
		return values
	}
	for _, c := range []struct {
		problem string
		edit    url.Values
	}{
		{"Tên đăng nhập chưa đúng", url.Values{"login": {"Lê Văn Đạt"}}},
		{"Đề nghị ghi họ và tên", url.Values{"name": {" "}}},
		{"Đã có tài khoản với tên đăng nhập này", url.Values{"login": {"quan-tri"}}},
		{"Đề nghị chọn một vai trò", url.Values{"role": {"Engine"}}},
		{"Vai trò này cần mã đơn vị", url.Values{"unit": {""}}},
		{"không thuộc đơn vị nào", url.Values{"role": {"Auditor"}}},
		{"Không có “STTTT-99”", url.Values{"unit": {"STTTT-99"}}},
		{"Không có “khong-co”", url.Values{"campaign": {"khong-co"}}},
		{"Đề nghị chọn ngày kết thúc", url.Values{"until": {"mai"}}},
		{"Đề nghị chọn ngày kết thúc", url.Values{"until": {"2020-01-01"}}},
		{"nhiều nhất hai năm", url.Values{"until": {"9999-12-31"}}},
		{"Đề nghị chọn phạm vi", url.Values{"line": {"x"}}},
		{"Chỉ đầu mối và lãnh đạo", url.Values{"role": {"Office"}, "line": {"collects_to"}}},
		{"bị hỏng", url.Values{"name": {"\x00"}}},
	} {
		response, page := b.do(http.MethodPost, "/people", admit(c.edit))
		if response.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", c.problem, response.StatusCode)
		}
		wellFormed(t, c.problem, page)
		contains(t, page, c.problem, `value="<b>QĐ 12</b>"`) // beside the form that keeps what was typed
	}
	if n := d.count(`SELECT count(*) FROM account`); n != 1 {
		t.Fatalf("%d accounts", n)
	}
	values := admit(url.Values{"request": {"44444444-4444-4444-8444-444444444444"}})
	response, page := b.do(http.MethodPost, "/people", values)
	if response.StatusCode != http.StatusOK || response.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %s", response.StatusCode, page)
	}
	wellFormed(t, "invited", page)
	contains(t, page, "Lê Văn Đạt", "chỉ hiện một lần", "Gửi cho đúng người")
	path := invitationTold.FindStringSubmatch(page)[1]
	response, page = b.do(http.MethodPost, "/people", values) // a finger that taps twice
	if response.StatusCode != http.StatusUnprocessableEntity || invitationTold.MatchString(page) {
		t.Errorf("told twice: %d", response.StatusCode)
	}
	contains(t, page, "chỉ hiện một lần", "mời lại")

	guest := d.browser()
	if response, page := guest.do(http.MethodPost, path, url.Values{"password": {passphrase}, "again": {passphrase}}); response.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d %s", response.StatusCode, page)
	}
	if response, _ := guest.do(http.MethodGet, "/people", nil); response.StatusCode != http.StatusForbidden {
		t.Errorf("a leader sees people: %d", response.StatusCode)
	}
	_, page = guest.do(http.MethodGet, form, nil)
	if strings.Contains(page, `href="/people"`) {
		t.Error("a leader is led to people")
	}
}

// People are found without their names standing in an address.
func TestPeopleAreFound(t *testing.T) {
	d := openDesk(t, "")
	d.account("quan-tri", grants["operator"])
	b := d.login("quan-tri")
	for i, name := range []string{"Đỗ Thị Ánh", "Trần Văn Bình"} {
		_, _, err := d.engine.CreateAccount(t.Context(), engine.By(auth.Actor{Role: auth.Operator}, ""), fmt.Sprintf("nguoi.%d@so.example", i),
			engine.Grant{Name: name, Role: auth.FocalPoint, Unit: []string{unit, "DN-05"}[i], ExpiresAt: time.Now().Add(time.Hour)})
		d.ok(err)
	}
	for _, c := range []struct{ query, found, missed string }{
		{"do thi", "Đỗ Thị Ánh", "Trần Văn Bình"},
		{"ÁNH", "Đỗ Thị Ánh", "Trần Văn Bình"},
		{"nguoi.1@so", "Trần Văn Bình", "Đỗ Thị Ánh"},
		{"dn-05", "Trần Văn Bình", "Đỗ Thị Ánh"},
		{"bình nguoi", "Trần Văn Bình", "Đỗ Thị Ánh"},
		{"không ai", "Không tìm thấy", "Đỗ Thị Ánh"},
	} {
		response, page := b.do(http.MethodPost, "/people", url.Values{"act": {"search"}, "q": {c.query}})
		wellFormed(t, c.query, page)
		contains(t, page, c.found)
		if response.StatusCode != http.StatusOK || strings.Contains(page, c.missed) {
			t.Errorf("%s: %d finds %s too", c.query, response.StatusCode, c.missed)
		}
	}
	_, page := b.do(http.MethodGet, "/people?unit=dn-05", nil)
	contains(t, page, "Trần Văn Bình", "của đơn vị dn-05")
	if strings.Contains(page, "Đỗ Thị Ánh") {
		t.Error("a unit's people are everybody")
	}
	for _, href := range regexp.MustCompile(`(?:href|action)="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		if strings.Contains(href[1], "example") || strings.Contains(href[1], "B%C3%ACnh") {
			t.Errorf("a person stands in the address %s", href[1])
		}
	}
}

// What an operator does about one account, with each act on record.
func TestOperatorChangesAnAccount(t *testing.T) {
	d := openDesk(t, "")
	d.account("quan-tri", grants["operator"])
	d.account("van-phong", grants["office"])
	theirs := d.login("van-phong")
	b := d.login("quan-tri")
	path := fmt.Sprintf("/people/%d", d.count(`SELECT id FROM account WHERE login = 'van-phong'`))
	_, page := b.do(http.MethodGet, path, nil)
	wellFormed(t, "person", page)
	contains(t, page, "Người dùng van-phong", `href="/people?unit=BTTTT-TDKT"`, "Cấp lại mã xác thực", "Mời lại", "Đóng tài khoản")

	told(b, path, url.Values{"act": {"signOut"}, "reason": {"mất máy"}}, "Đã đăng xuất người dùng khỏi mọi thiết bị.")
	if response, _ := theirs.do(http.MethodGet, "/account", nil); response.StatusCode != http.StatusSeeOther {
		t.Errorf("signed out, they still see their account: %d", response.StatusCode)
	}
	page = told(b, path, url.Values{"act": {"resetFactor"}}, "Đã hủy mã xác thực cũ")
	contains(t, page, "Chưa có mã xác thực trên điện thoại")
	response, page := b.do(http.MethodPost, path, url.Values{"act": {"invite"}, "request": {"66666666-6666-4666-8666-666666666666"}})
	if response.StatusCode != http.StatusOK || !invitationTold.MatchString(page) {
		t.Errorf("invited: %d %s", response.StatusCode, page)
	}
	page = told(b, path, url.Values{"act": {"give"}, "role": {"Leader"}, "unit": {unit}, "until": {nextYear()}}, "Đã giao vai trò.")
	contains(t, page, `<option value="`+fmt.Sprint(d.count(`SELECT max(id) FROM account_role`))+`">Lãnh đạo đơn vị, STTTT-12`)
	role := fmt.Sprint(d.count(`SELECT max(id) FROM account_role`))
	page = told(b, path, url.Values{"act": {"revoke"}, "role": {role}}, "Đã thu hồi vai trò.")
	if strings.Contains(page, "Lãnh đạo đơn vị, STTTT-12") {
		t.Error("the role is still there")
	}
	response, page = b.do(http.MethodPost, path, url.Values{"act": {"revoke"}, "role": {role}})
	if response.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("a role that is over: %d", response.StatusCode)
	}
	contains(t, page, "Vai trò này không còn")
	page = told(b, path, url.Values{"act": {"disable"}, "reason": {"thôi việc"}}, "Đã đóng tài khoản")
	contains(t, page, "Tài khoản đã đóng từ", "Mở lại tài khoản")
	if strings.Contains(page, `id="invite"`) {
		t.Error("somebody is invited into a closed account")
	}
	told(b, path, url.Values{"act": {"enable"}}, "Đã mở lại tài khoản.")
	_, err := d.pool.Exec(t.Context(), `UPDATE account SET locked_until = now() + interval '10 min' WHERE login = 'van-phong'`)
	d.ok(err)
	_, page = b.do(http.MethodGet, path, nil)
	contains(t, page, "tạm khóa đến", "rồi tự mở")
	if n := d.count(`SELECT count(*) FROM audit WHERE verb = 'admit' AND reason IN ('mất máy', 'thôi việc')`); n != 2 {
		t.Errorf("%d reasons are on record", n)
	}
	own := fmt.Sprintf("/people/%d", d.count(`SELECT id FROM account WHERE login = 'quan-tri'`))
	_, page = b.do(http.MethodGet, own, nil)
	contains(t, page, "Đây là tài khoản của chính mình")
	if strings.Contains(page, `id="disable"`) {
		t.Error("who looks is offered to lock themselves out")
	}
	for _, path := range []string{"/people/4711", "/people/x", "/people/99999999999999999999"} {
		if response, _ := b.do(http.MethodGet, path, nil); response.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", path, response.StatusCode)
		}
	}
}

// An office admits focal points and leaders to its own campaigns, and changes only whom it
// could have admitted.
func TestOfficeAdmits(t *testing.T) {
	d := openDesk(t, "")
	d.account("van-phong", grants["office"])
	d.account("giam-doc", grants["leader-account"]) // in all campaigns: the operator's
	b := d.login("van-phong")
	_, page := b.do(http.MethodGet, "/people", nil)
	wellFormed(t, "people", page)
	contains(t, page, "Chưa có người dùng nào", "(covid-2021)")
	if strings.Contains(page, `value="Operator"`) || strings.Contains(page, "Mọi phong trào") {
		t.Error("an office is offered what it may not give")
	}
	give := url.Values{"act": {"give"}, "login": {"giam-doc"}, "role": {"FocalPoint"}, "unit": {unit}, "until": {nextYear()}}
	response, page := b.do(http.MethodPost, "/people", give)
	if response.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("%d", response.StatusCode)
	}
	contains(t, page, "Đề nghị chọn phong trào")
	give.Set("campaign", looktest.Name)
	give.Set("role", "Operator")
	if response, _ := b.do(http.MethodPost, "/people", give); response.StatusCode != http.StatusForbidden {
		t.Errorf("an office makes an operator: %d", response.StatusCode)
	}
	give.Set("role", "FocalPoint")
	page = told(b, "/people", give, "Đã giao vai trò.")
	contains(t, page, "Đầu mối đơn vị", "còn có vai trò do nơi khác giao")
	if strings.Contains(page, `id="disable"`) || strings.Contains(page, `id="invite"`) {
		t.Error("an office is offered to change an account that is not its own")
	}
	path := fmt.Sprintf("/people/%d", d.count(`SELECT id FROM account WHERE login = 'giam-doc'`))
	if response, _ := b.do(http.MethodPost, path, url.Values{"act": {"disable"}}); response.StatusCode != http.StatusForbidden {
		t.Errorf("an office closes an account of others: %d", response.StatusCode)
	}
	// The last role that concerns it: there is nothing left to see.
	page = told(b, path, url.Values{"act": {"revoke"}, "role": {fmt.Sprint(d.count(`SELECT max(id) FROM account_role`))}}, "Chưa có người dùng nào")
	contains(t, page, "Đã thu hồi vai trò")
	response, page = b.do(http.MethodPost, "/people", url.Values{
		"act": {"admit"}, "name": {"Lê Văn A"}, "login": {"le.van.a@so.example"}, "role": {"Leader"}, "unit": {unit}, "campaign": {looktest.Name}, "until": {nextYear()},
	})
	if response.StatusCode != http.StatusOK || !invitationTold.MatchString(page) {
		t.Errorf("%d %s", response.StatusCode, page)
	}
	_, page = b.do(http.MethodGet, fmt.Sprintf("/people/%d", d.count(`SELECT max(id) FROM account`)), nil)
	wellFormed(t, "person", page)
	contains(t, page, "Lê Văn A", "Người dùng chưa đặt mật khẩu", `id="disable"`, "Mời lại")
}
