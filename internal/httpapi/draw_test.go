package httpapi_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/httpapi"
)

// What is drawn up of a list can be applied, imported and launched as it is.
func TestDrawUp(t *testing.T) {
	s := serve(t)
	token := s.token(engine.Grant{Role: auth.Office, Unit: office})
	const path = "/api/v1/draw-up?title=S%E1%BB%91+h%C3%B3a&template=short&launch=2021-11-02&office=" + office
	raw := []string{"Content-Type", "application/octet-stream"}
	bad := s.do(http.MethodPost, path, token, "Mã,Tên đơn vị,Email\n01,Phòng Một,a@\n", raw...)
	if bad.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(string(bad.body), "one bare e-mail address") {
		t.Errorf("%d %s", bad.StatusCode, bad.body)
	}
	early := s.do(http.MethodPost, strings.Replace(path, "2021-11-02", "2019-11-02", 1), token, "Mã,Tên đơn vị\n01,Phòng Một\n", raw...)
	if early.StatusCode != http.StatusUnprocessableEntity || early.code() != "TooEarly" {
		t.Errorf("%d %s", early.StatusCode, early.body)
	}
	var d httpapi.Drawn
	s.do(http.MethodPost, path, token, "Mã,Tên đơn vị,Email,Ghi chú\n01,Phòng Một,a@so.example,\n02,Phòng Hai,,\n", raw...).into(t, &d)
	if d.Name != "so-hoa" || d.Units != 3 || len(d.Contacts) != 1 || len(d.Unused) != 1 {
		t.Errorf("%+v", d)
	}
	contacts, err := json.Marshal(map[string]any{"contacts": d.Contacts})
	s.ok(err)
	for _, step := range [][3]string{{"apply", d.Manifests, "application/yaml"}, {"contacts", string(contacts), "application/json"}, {"campaigns/so-hoa/launch", `{"backdate":true}`, "application/json"}} {
		if answer := s.do(http.MethodPost, "/api/v1/"+step[0], token, step[1], "Content-Type", step[2]); answer.StatusCode >= 300 {
			t.Fatalf("%s: %d %s", step[0], answer.StatusCode, answer.body)
		}
	}
}
