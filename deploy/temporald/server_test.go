package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

const testQueue = "greetings"

// greet waits ten times: without fast timers that takes ten seconds.
func greet(ctx workflow.Context, name string) (string, error) {
	for range 10 {
		if err := workflow.Sleep(ctx, 20*time.Millisecond); err != nil {
			return "", err
		}
	}
	return "xin chào " + name, nil
}

// TestServer runs the whole of temporald twice on the same databases.
func TestServer(t *testing.T) {
	dsn := startPostgres(t)
	files := makeCertificate(t, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth})
	readyFile := filepath.Join(t.TempDir(), "ready.json")
	configure := func(more ...string) Config {
		t.Helper()
		p := freePorts(t, 7)
		args := []string{
			"--database-url", dsn, "--fast-timers", "--log-level", "error", "--ready-file", readyFile,
			"--tls-ca", files.CA, "--tls-cert", files.Cert, "--tls-key", files.Key,
		}
		for i, flag := range []string{
			"--frontend-port", "--history-port", "--matching-port", "--worker-port",
			"--http-port", "--ui-port", "--metrics-port",
		} {
			args = append(args, flag, strconv.Itoa(p[i]))
		}
		c, err := ParseConfig(append(args, more...), noEnv, &bytes.Buffer{})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	// Not t.Output: services may have a last word after the test.
	logger := newLogger(os.Stderr, slog.LevelError)
	ctx := t.Context()
	start := func(c Config) *Server {
		t.Helper()
		began := time.Now()
		s, err := Start(ctx, c, logger)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("ready after %s", time.Since(began).Round(time.Millisecond))
		return s
	}
	stop := func(s *Server) {
		t.Helper()
		began := time.Now()
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
		t.Logf("stopped after %s", time.Since(began).Round(time.Millisecond))
	}

	c := configure()
	s := start(c)
	checkReadyFile(t, readyFile, s.ready())
	checkUI(t, c)
	checkMetrics(t, c)
	checkStrangersRefused(t, c)
	runID := checkWorkflow(t, c, logger)
	if _, err := Start(ctx, configure("--ready-file="), logger); !errors.Is(err, errLocked) {
		t.Errorf("a second temporald on the same databases: %v", err)
	}
	stop(s)
	if _, err := os.Stat(readyFile); !os.IsNotExist(err) {
		t.Errorf("the ready file is still there: %v", err)
	}

	_, err := Start(ctx, configure("--shards", "8"), logger)
	if err == nil || !strings.Contains(err.Error(), "made with 4, which can never change") {
		t.Errorf("another number of shards: %v", err)
	}

	c = configure("--retention", "48h")
	s = start(c)
	sdk := dial(t, c, logger)
	d, err := sdk.DescribeWorkflowExecution(ctx, "greeting", runID)
	if err != nil {
		t.Fatal(err)
	}
	if got := d.GetWorkflowExecutionInfo().GetStatus(); got != enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED {
		t.Errorf("after the restart the workflow is %s", got)
	}
	n, err := sdk.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: c.Namespace})
	if err != nil {
		t.Fatal(err)
	}
	if got := n.GetConfig().GetWorkflowExecutionRetentionTtl().AsDuration(); got != 48*time.Hour {
		t.Errorf("retention is %s, want 48h", got)
	}
	stop(s)
}

func dial(t *testing.T, c Config, logger *slog.Logger) client.Client {
	t.Helper()
	tlsConfig, err := c.TLS.clientConfig()
	if err != nil {
		t.Fatal(err)
	}
	sdk, err := client.Dial(client.Options{
		HostPort:          c.dialAddress(c.FrontendPort),
		Namespace:         c.Namespace,
		Logger:            logger,
		ConnectionOptions: client.ConnectionOptions{TLS: tlsConfig},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sdk.Close)
	return sdk
}

// checkWorkflow runs a workflow to its end and finds it by its search
// attributes.
func checkWorkflow(t *testing.T, c Config, logger *slog.Logger) (runID string) {
	t.Helper()
	ctx := t.Context()
	sdk := dial(t, c, logger)
	list, err := sdk.OperatorService().ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: c.Namespace})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range searchAttributes {
		if got := list.GetCustomAttributes()[name]; got != want {
			t.Errorf("search attribute %s is %s, want %s", name, got, want)
		}
	}

	w := worker.New(sdk, testQueue, worker.Options{})
	w.RegisterWorkflow(greet)
	if err := w.Start(); err != nil {
		t.Fatal(err)
	}
	defer w.Stop()
	began := time.Now()
	run, err := sdk.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID:        "greeting",
		TaskQueue: testQueue,
		TypedSearchAttributes: temporal.NewSearchAttributes(
			temporal.NewSearchAttributeKeyKeyword("ThiduaCampaign").ValueSet("spring"),
			temporal.NewSearchAttributeKeyTime("ThiduaNextAt").ValueSet(time.Now()),
		),
	}, greet, "thi đua")
	if err != nil {
		t.Fatal(err)
	}
	var got string
	if err := run.Get(ctx, &got); err != nil {
		t.Fatal(err)
	}
	if got != "xin chào thi đua" {
		t.Errorf("got %q", got)
	}
	if took := time.Since(began); took > 8*time.Second {
		t.Errorf("ten timers of 20ms took %s, fast timers are not on", took)
	}

	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for {
		found, err := sdk.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
			Query: "ThiduaCampaign = 'spring' AND ThiduaNextAt IS NOT NULL AND ExecutionStatus = 'Completed'",
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(found.GetExecutions()) == 1 {
			return run.GetRunID()
		}
		if sleep(ctx, 50*time.Millisecond) != nil {
			t.Fatal("the workflow is not found by its search attributes")
		}
	}
}

// checkStrangersRefused tries every gRPC port without the right certificate.
func checkStrangersRefused(t *testing.T, c Config) {
	t.Helper()
	_, pair, err := makeCertificate(t, []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}).load()
	if err != nil {
		t.Fatal(err)
	}
	ours, err := c.TLS.clientConfig()
	if err != nil {
		t.Fatal(err)
	}
	for name, certificates := range map[string][]tls.Certificate{"no certificate": nil, "a foreign one": {pair}} {
		for _, p := range c.ports()[:4] {
			conn, err := tls.Dial("tcp", c.dialAddress(p.port), &tls.Config{
				RootCAs: ours.RootCAs, Certificates: certificates, NextProtos: []string{"h2"},
			})
			if err == nil { // with TLS 1.3 the refusal comes after the handshake
				_, err = conn.Read(make([]byte, 1024))
				if err == nil {
					_, err = conn.Read(make([]byte, 1024))
				}
				conn.Close()
			}
			if err == nil || !strings.Contains(err.Error(), "certificate") {
				t.Errorf("--%s, %s: %v", p.flag, name, err)
			}
		}
	}
	plain, err := client.Dial(client.Options{
		HostPort: c.dialAddress(c.FrontendPort), Namespace: c.Namespace,
		Logger:            newLogger(io.Discard, slog.LevelError),
		ConnectionOptions: client.ConnectionOptions{GetSystemInfoTimeout: time.Second},
	})
	if err == nil {
		plain.Close()
		t.Error("a client without TLS was let in")
	}
}

func checkReadyFile(t *testing.T, path string, want Ready) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var got Ready
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	if got != want || got.PID != os.Getpid() || got.Version != "1.32.1" || !strings.HasPrefix(got.UI, "http://127.0.0.1:") {
		t.Errorf("ready file: %s", b)
	}
}

// checkUI sees the namespace through the UI, which has to present the
// certificate for that.
func checkUI(t *testing.T, c Config) {
	t.Helper()
	body := get(t, fmt.Sprintf("http://%s/api/v1/namespaces/%s", c.dialAddress(c.UIPort), c.Namespace))
	if !strings.Contains(body, "ThiduaCampaign") {
		t.Errorf("the UI does not see the namespace: %s", body)
	}
}

func checkMetrics(t *testing.T, c Config) {
	t.Helper()
	body := get(t, fmt.Sprintf("http://%s/metrics", c.dialAddress(c.MetricsPort)))
	if !strings.Contains(body, "service_requests{") {
		t.Errorf("no metrics of the server in %d bytes", len(body))
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s\n%s", url, resp.Status, b)
	}
	return string(b)
}
