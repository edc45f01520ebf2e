//go:build temporal

package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/cli"
	"thidua.dev/thidua/internal/engine"
)

// receiver takes traces as a collector does.
type receiver struct {
	*httptest.Server
	mu    sync.Mutex
	spans map[string]*tracepb.Span // by id
	text  strings.Builder          // all that was told
}

func receive(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{spans: map[string]*tracepb.Span{}}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		var sent collector.ExportTraceServiceRequest
		b, err := io.ReadAll(q.Body)
		if err == nil {
			err = proto.Unmarshal(b, &sent)
		}
		if err != nil || q.URL.Path != "/v1/traces" {
			t.Errorf("%s: %v", q.URL.Path, err)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.text.WriteString(protojson.Format(&sent))
		for _, of := range sent.GetResourceSpans() {
			for _, scope := range of.GetScopeSpans() {
				for _, s := range scope.GetSpans() {
					r.spans[string(s.GetSpanId())] = s
				}
			}
		}
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	t.Cleanup(r.Close)
	return r
}

// below tells how many spans of a name stand right below one whose name begins so.
func (r *receiver) below(parent, child string) (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.spans {
		if p := r.spans[string(s.GetParentSpanId())]; p != nil && s.GetName() == child && p.GetName() == parent && string(p.GetTraceId()) == string(s.GetTraceId()) {
			n++
		}
	}
	return n
}

// Traces lead from a request to its statements, and from a step to its statements and to
// the mails that it caused; they name nobody.
func TestTraces(t *testing.T) {
	r := receive(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", r.URL)
	in := begin(t, cli.UpOptions{Console: discard(), Place: cli.Place{DataDir: dataDir(t)}, Demo: true, DemoDir: seedDir})
	if err := in.play(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, token, err := in.engine.IssueToken(t.Context(), engine.By(auth.Actor{Role: auth.Operator}, ""), engine.Grant{
		Name: "Phạm Văn Kín", Role: auth.Leader, Unit: "STTTT-04", ExpiresAt: time.Now().Add(time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	const text = "một câu chỉ có trong báo cáo này"
	q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address(in.web)+"api/v1/campaigns/covid-2021/units/STTTT-04/submit",
		strings.NewReader(`{"round": "monthly/2021-10", "sections": {"ketQua": "`+text+`"}}`))
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("Content-Type", "application/json")
	q.Header.Set("Authorization", "Bearer "+token)
	q.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	response, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	// What is left goes out when the process ends; a stop twice is a stop once.
	if err := in.stop(t.Context()); err != nil {
		t.Fatal(err)
	}

	submit := "POST /api/v1/campaigns/{campaign}/units/{unit}/submit"
	for _, want := range [][2]string{{submit, "pipeline"}, {"StepRound", "send email"}} {
		if r.below(want[0], want[1]) == 0 {
			t.Errorf("no %q below %q", want[1], want[0])
		}
	}
	statements, continued := 0, false
	r.mu.Lock()
	for _, s := range r.spans {
		if p := r.spans[string(s.GetParentSpanId())]; p != nil && p.GetName() == "StepRound" && s.GetName() != "send email" {
			statements++
		}
		continued = continued || s.GetName() == submit && string(s.GetParentSpanId()) == "\xb7\xad\x6b\x71\x69\x20\x33\x31"
	}
	all := r.text.String()
	r.mu.Unlock()
	if statements == 0 || !continued {
		t.Errorf("%d statements below steps of rounds; the proxy's trace goes on: %v", statements, continued)
	}
	for _, word := range []string{text, token, "Phạm Văn Kín", "units.example", "/u/"} {
		if strings.Contains(all, word) {
			t.Errorf("traces say %q", word)
		}
	}
	for _, word := range []string{"thidua.workflow", "campaign/covid-2021/round/monthly/2021-10", "thidua.request_id", "service.name"} {
		if !strings.Contains(all, word) {
			t.Errorf("traces do not say %q", word)
		}
	}
}

// Without an endpoint nothing is installed anywhere.
func TestNoTraces(t *testing.T) {
	for name, value := range map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": ""} {
		t.Setenv(name, value)
	}
	p := newProcess(discard().Log)
	if p.tracer != nil || p.tracer.SQL() != nil || len(p.stops) > 0 {
		t.Error("somebody traces")
	}
}
