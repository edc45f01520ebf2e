package metrics

import (
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/grpc"
)

func TestSDKHandlerNamesAndValues(t *testing.T) {
	reg := NewRegistry()
	h := SDKHandler(reg)
	root := h.WithTags(map[string]string{"namespace": "thidua", "worker_type": "none"})
	worker := root.WithTags(map[string]string{"worker_type": "ActivityWorker"})
	worker.Counter("temporal_worker_start").Inc(2)
	worker.Counter("temporal_worker_start").Inc(1)
	worker.Gauge("temporal_worker_task_slots_available").Update(16)
	worker.Gauge("temporal_worker_task_slots_available").Update(15)
	root.Timer("temporal_request_latency").Record(20 * time.Millisecond)
	h.Counter("temporal_without_labels").Inc(1)
	body := scrape(t, reg)
	for _, tt := range []struct{ line, reason string }{
		{`temporal_worker_start_total{namespace="thidua",worker_type="ActivityWorker"} 3`, "a counter ends in _total; a tag set again has the last value"},
		{`temporal_worker_task_slots_available{namespace="thidua",worker_type="ActivityWorker"} 15`, "a gauge keeps its name"},
		{`temporal_request_latency_seconds_bucket{namespace="thidua",worker_type="none",le="0.025"} 1`, "a timer is a histogram in seconds"},
		{`temporal_request_latency_seconds_bucket{namespace="thidua",worker_type="none",le="0.01"} 0`, "with its own buckets"},
		{`temporal_without_labels_total 1`, "no tags"},
		{`thidua_sdk_metrics_dropped_total 0`, "nothing was lost"},
	} {
		if !strings.Contains(body, "\n"+tt.line+"\n") {
			t.Errorf("no %s: %s", tt.line, tt.reason)
		}
	}
}

func TestSDKHandlerTakesWhatComes(t *testing.T) {
	for _, tt := range []struct {
		reason  string
		call    func(client.MetricsHandler)
		want    []string
		dropped int
	}{
		{"a second set of labels for a name", func(h client.MetricsHandler) {
			h.WithTags(map[string]string{"a": "1"}).Counter("c").Inc(1)
			h.WithTags(map[string]string{"a": "1", "b": "2"}).Counter("c").Inc(2)
			h.WithTags(map[string]string{"b": "2"}).Counter("c").Inc(4)
		}, []string{`c_total{a="1"} 1`, `c_total{a="1",b="2"} 2`, `c_total{b="2"} 4`}, 0},
		{"a second type for a name", func(h client.MetricsHandler) {
			h.Counter("c").Inc(1)
			h.Gauge("c_total").Update(7)
		}, []string{`c_total 1`}, 1},
		{"a gauge is a counter by its methods only", func(h client.MetricsHandler) {
			h.Gauge("c_total").Update(7)
			h.Counter("c").Inc(1)
		}, []string{`c_total 7`}, 1},
		{"a counter that runs backwards", func(h client.MetricsHandler) {
			h.Counter("c").Inc(3)
			h.Counter("c").Inc(-1)
		}, []string{`c_total 3`}, 1},
		{"a histogram's own label", func(h client.MetricsHandler) {
			h.WithTags(map[string]string{"le": "x"}).Timer("t").Record(time.Second)
		}, []string{`t_seconds_count{tag_le="x"} 1`}, 0},
		{"names that Prometheus does not have", func(h client.MetricsHandler) {
			h.WithTags(map[string]string{"task-queue": "q", "__name__": "n", "1": "one"}).Counter("my.counter").Inc(1)
		}, []string{`my_counter_total{tag_1="one",tag_name__="n",task_queue="q"} 1`}, 0},
		{"a value that is no text", func(h client.MetricsHandler) {
			h.WithTags(map[string]string{"a": "x\xff"}).Counter("c").Inc(1)
		}, []string{`c_total{a="x�"} 1`}, 0},
	} {
		t.Run(tt.reason, func(t *testing.T) {
			reg := NewRegistry()
			tt.call(SDKHandler(reg))
			body := scrape(t, reg)
			for _, line := range append(tt.want, fmt.Sprintf("thidua_sdk_metrics_dropped_total %d", tt.dropped)) {
				if !strings.Contains(body, "\n"+line+"\n") {
					t.Errorf("no %s in:\n%s", line, body[strings.Index(body, "\n# HELP process"):])
				}
			}
		})
	}
}

func TestSDKHandlerIsSafeForManyAtOnce(t *testing.T) {
	reg := prometheus.NewRegistry()
	h := SDKHandler(reg)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 200 {
				tagged := h.WithTags(map[string]string{"operation": fmt.Sprint(j % 10)})
				tagged.Counter("temporal_request").Inc(1)
				tagged.Gauge("temporal_num_pollers").Update(float64(i))
				tagged.Timer("temporal_request_latency").Record(time.Millisecond)
				if j%50 == 0 {
					if _, err := reg.Gather(); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	total := 0.0
	for _, f := range families {
		if f.GetName() == "temporal_request_total" {
			for _, m := range f.GetMetric() {
				total += m.GetCounter().GetValue()
			}
		}
	}
	if total != 1600 {
		t.Errorf("%v requests counted of 1600", total)
	}
}

// The SDK itself counts: a client talks to a server that answers nothing, and a
// workflow with a metric of its own runs in the test environment.
func TestSDKHandlerUnderTheSDK(t *testing.T) {
	reg := prometheus.NewRegistry()
	h := SDKHandler(reg)
	callServer(t, h)
	runWorkflow(t, h)
	problems, err := testutil.GatherAndLint(reg)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	if n := testutil.ToFloat64(h.(*sdkHandler).all.dropped); n != 0 {
		t.Errorf("%v values of the SDK dropped", n)
	}
	for _, name := range []string{
		"temporal_request_total", "temporal_request_failure_total", "temporal_request_attempt_total",
		"temporal_request_latency_seconds", "ours_total",
	} {
		if n, err := testutil.GatherAndCount(reg, name); err != nil || n == 0 {
			t.Errorf("%s: %d series, %v", name, n, err)
		}
	}
}

func callServer(t *testing.T, h client.MetricsHandler) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	workflowservice.RegisterWorkflowServiceServer(server, workflowservice.UnimplementedWorkflowServiceServer{})
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	c, err := client.NewLazyClient(client.Options{HostPort: listener.Addr().String(), MetricsHandler: h})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	if err := c.SignalWorkflow(t.Context(), "campaign/x", "", "Wake", nil); err == nil {
		t.Error("a server that answers nothing took a signal")
	}
}

func runWorkflow(t *testing.T, h client.MetricsHandler) {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	suite.SetMetricsHandler(h)
	env := suite.NewTestWorkflowEnvironment()
	env.ExecuteWorkflow(func(ctx workflow.Context) error {
		workflow.GetMetricsHandler(ctx).WithTags(map[string]string{"le": "x"}).Counter("ours").Inc(1)
		return nil
	})
	if err := env.GetWorkflowError(); err != nil {
		t.Fatal(err)
	}
}
