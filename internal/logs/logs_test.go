package logs_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"thidua.dev/thidua/internal/logs"
)

func line(t *testing.T, b *strings.Builder) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(b.String()), &m); err != nil {
		t.Fatalf("%v in %q", err, b.String())
	}
	delete(m, "time")
	b.Reset()
	return m
}

func TestLinesSayWhatTheyAreAbout(t *testing.T) {
	var b strings.Builder
	log := logs.New(&b, logs.JSON, slog.LevelInfo)
	ctx := logs.With(t.Context(), slog.String(logs.KeyRequestID, "r-1"))
	ctx = logs.Campaign(ctx, "covid-2021", "")
	log.WarnContext(ctx, "transaction repeated", "try", 1)
	want := map[string]any{"level": "WARN", "msg": "transaction repeated", "try": 1.0, "request_id": "r-1", "campaign": "covid-2021"}
	if diff := cmp.Diff(want, line(t, &b)); diff != "" {
		t.Error(diff)
	}
	// Said again more exactly, nothing stands twice.
	log.With("a", "b").InfoContext(logs.Procedure(ctx, "campaign/covid-2021/round/monthly/2021-11"), "step")
	if n := strings.Count(b.String(), `"campaign"`); n != 1 {
		t.Errorf("campaign stands %d times in %s", n, b.String())
	}
	want = map[string]any{
		"level": "INFO", "msg": "step", "a": "b", "request_id": "r-1", "campaign": "covid-2021", "round": "monthly/2021-11",
		"workflow": "campaign/covid-2021/round/monthly/2021-11",
	}
	if diff := cmp.Diff(want, line(t, &b)); diff != "" {
		t.Error(diff)
	}
}

func TestOnlyNamesAreNamed(t *testing.T) {
	for id, want := range map[string]string{
		"campaign/covid-2021":                        "[workflow=campaign/covid-2021 campaign=covid-2021]",
		"campaign/covid-2021/review/midterm":         "[workflow=campaign/covid-2021/review/midterm campaign=covid-2021]",
		"campaign/covid-2021/round/registration":     "[workflow=campaign/covid-2021/round/registration campaign=covid-2021 round=registration]",
		"sweep-2026-11-27T00:00:00Z":                 "[workflow=sweep-2026-11-27T00:00:00Z]",
		"sweep":                                      "[workflow=sweep]",
		"campaign/an@so.example":                     "[]",
		"campaign/x/round/\n level=ERROR msg=forged": "[campaign=x]",
	} {
		if got := fmt.Sprint(logs.Of(id)); got != want {
			t.Errorf("%q: %s, want %s", id, got, want)
		}
	}
}

func TestErrorsAreClean(t *testing.T) {
	for _, c := range []struct {
		reason string
		err    error
		want   string
	}{
		{"a mail server names whom it refuses", errors.New("550 5.1.1 <tran.an@so-tttt.example.vn>: Recipient address rejected"), "550 5.1.1 <…>: Recipient address rejected"},
		{"Postgres quotes what it cannot read", fmt.Errorf("submit: %w", &pgconn.PgError{Severity: "ERROR", Message: `invalid input syntax for type uuid: "Nguyễn "Văn" A"`, Code: "22P02"}), `submit: ERROR: invalid input syntax for type uuid: "…" (SQLSTATE 22P02)`},
		{"and pgx what it cannot send", errors.New(`failed to encode args[2]: unable to encode "Nguyễn Văn A" into binary format for int4 (OID 23): cannot find encode plan`), "failed to encode args[2]: unable to encode … into binary format for int4 (OID 23): cannot find encode plan"},
		{"a constraint's name is ours", &pgconn.PgError{Severity: "ERROR", Message: `duplicate key value violates unique constraint "audit_request_id_key"`, Code: "23505", Detail: "Key (login)=(an)"}, `ERROR: duplicate key value violates unique constraint "audit_request_id_key" (SQLSTATE 23505)`},
		{"a token", errors.New("token thidua_abcDEF-123_x is revoked"), "token … is revoked"},
		{"a link", errors.New(`Get "http://127.0.0.1:8088/u/abc.def?x": EOF`), `Get "http://127.0.0.1:8088…": EOF`},
		{"where a database is", errors.New("failed to connect to `user=thidua database=thidua`: 127.0.0.1:5432: connect: connection refused"), "failed to connect to `user=thidua database=thidua`: 127.0.0.1:5432: connect: connection refused"},
	} {
		var b strings.Builder
		logs.New(&b, logs.JSON, slog.LevelInfo).Error("failed", "error", c.err)
		if got := line(t, &b)["error"]; got != c.want {
			t.Errorf("%s: %v", c.reason, got)
		}
	}
}

// What libraries write line by line is one message of ours.
func TestLines(t *testing.T) {
	var b strings.Builder
	logs.Lines(logs.New(&b, logs.JSON, slog.LevelInfo), slog.LevelWarn, "web server").Printf("http: bad %s\n", "thing")
	if diff := cmp.Diff(map[string]any{"level": "WARN", "msg": "web server", "text": "http: bad thing"}, line(t, &b)); diff != "" {
		t.Error(diff)
	}
}
