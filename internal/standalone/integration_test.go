//go:build temporal

package standalone

import (
	"context"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"thidua.dev/thidua/internal/pgcluster"
)

const namespace = "thidua"

// needTemporald fails rather than skips: what it covers is covered nowhere
// else.
func needTemporald(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: the real temporald is left out")
	}
	if _, err := findTemporald(""); err != nil {
		t.Fatal(err)
	}
	volatile = false // the real thing
	t.Cleanup(func() { volatile = true })
}

func dial(t *testing.T, a *App) client.Client {
	t.Helper()
	c, err := client.DialContext(t.Context(), client.Options{
		HostPort: a.TemporalAddress(), Namespace: namespace, Logger: quiet(),
		ConnectionOptions: client.ConnectionOptions{TLS: a.TemporalTLS()},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// answers tells whether Temporal reaches its database.
func answers(t *testing.T, c client.Client, workflow string) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	_, err := c.DescribeWorkflowExecution(ctx, workflow, "")
	return err
}

func TestUp(t *testing.T) {
	needTemporald(t)
	dir := newDir(t)
	dirs := layout{dir}

	// A first up, in a process of its own, from nothing.
	began := time.Now()
	up := spawn(t, upEnv+"="+dir)
	t.Logf("ready after %s, everything made", time.Since(began).Round(time.Millisecond))
	pids := []int{up.Process.Pid, recordedPID(t, dirs.temporaldPID()), postmaster(t, dirs)}
	for _, pid := range pids {
		kill(t, pid)
	}
	up.Wait()

	// After kill -9 of all.
	a := start(t, Options{DataDir: dir})
	address := a.TemporalAddress()
	c := dial(t, a)
	const workflow = "kept"
	if _, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: workflow, TaskQueue: "nobody"}, "Nothing"); err != nil {
		t.Fatal(err)
	}
	checkUI(t, a)
	if plain, err := client.DialContext(t.Context(), client.Options{
		HostPort: address, Namespace: namespace, Logger: quiet(),
		ConnectionOptions: client.ConnectionOptions{GetSystemInfoTimeout: time.Second},
	}); err == nil {
		plain.Close()
		t.Error("a client without a certificate was let in")
	}
	// A command beside it.
	url, end := borrow(t, dir)
	if url != a.DatabaseURL() {
		t.Error("a command finds another database")
	}
	end()

	// Either child killed is back under its address.
	kill(t, recordedPID(t, dirs.temporaldPID()))
	began = time.Now()
	await(t, "temporald", func() bool { return answers(t, c, workflow) == nil })
	t.Logf("after kill -9 of temporald it answers after %s", time.Since(began).Round(time.Millisecond))
	temporald := recordedPID(t, dirs.temporaldPID())
	kill(t, postmaster(t, dirs))
	began = time.Now()
	await(t, "PostgreSQL", func() bool {
		_, err := checkDatabase(t.Context(), a.DatabaseURL())
		return err == nil
	})
	t.Logf("after kill -9 of PostgreSQL it answers after %s", time.Since(began).Round(time.Millisecond))
	await(t, "temporald on the new PostgreSQL", func() bool { return answers(t, c, workflow) == nil })
	t.Logf("and Temporal after %s, the same process: %v", time.Since(began).Round(time.Millisecond), temporald == recordedPID(t, dirs.temporaldPID()))
	c.Close()
	stop(t, a)
	if pgcluster.Running(dirs.postgres()) || isTemporald(temporald, dirs) {
		t.Error("something runs after Stop")
	}
	for _, path := range []string{dirs.ready(), dirs.temporaldPID()} {
		if recorded(path) {
			t.Errorf("%s is left", path)
		}
	}

	// After kill -9 of the supervisor only.
	up = spawn(t, upEnv+"="+dir)
	orphan, kept := recordedPID(t, dirs.temporaldPID()), postmaster(t, dirs)
	kill(t, up.Process.Pid)
	up.Wait()
	a = start(t, Options{DataDir: dir})
	if isTemporald(orphan, dirs) {
		t.Error("temporald of the killed up still runs")
	}
	if postmaster(t, dirs) != kept {
		t.Error("PostgreSQL was not adopted")
	}
	if a.TemporalAddress() != address {
		t.Errorf("Temporal moved from %s to %s", address, a.TemporalAddress())
	}
	c = dial(t, a)
	if err := answers(t, c, workflow); err != nil {
		t.Errorf("the workflow is lost: %v", err)
	}
	if _, err := c.WorkflowService().DescribeNamespace(t.Context(), &workflowservice.DescribeNamespaceRequest{Namespace: namespace}); err != nil {
		t.Error(err)
	}
	c.Close()
	stop(t, a)
	select {
	case err := <-a.Failed():
		t.Error(err)
	default:
	}
}

// checkUI sees the namespace through the UI. Its connection to the frontend
// may still be in the pause after a first attempt.
func checkUI(t *testing.T, a *App) {
	t.Helper()
	web := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	await(t, "the UI to see the namespace", func() bool {
		resp, err := web.Get(a.UIURL() + "/api/v1/namespaces/" + namespace)
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		return err == nil && strings.Contains(string(b), "ThiduaCampaign")
	})
}

// Ports that were asked for are used, and a taken one is one line.
func TestPortsAskedFor(t *testing.T) {
	needTemporald(t)
	dir := newDir(t)
	// Below the ports that installations choose for themselves: those of other tests
	// come and go.
	want := ports{Frontend: 12_000 + os.Getpid()%6_000, UI: 19_000 + os.Getpid()%900}
	if err := checkFree(append(temporalServices(want.Frontend), service{port: want.UI})...); err != nil {
		t.Fatal(err)
	}
	taken := listen(t, want.Frontend+2)
	refused(t, Options{DataDir: dir, FrontendPort: want.Frontend, UIPort: want.UI}, "for Temporal's matching service is taken: end what listens there or choose another port")
	taken.Close()
	if pgcluster.Running(layout{dir}.postgres()) {
		t.Error("PostgreSQL was left running")
	}
	a := start(t, Options{DataDir: dir, FrontendPort: want.Frontend, UIPort: want.UI})
	if a.ports.Frontend != want.Frontend || a.ports.UI != want.UI {
		t.Errorf("got %+v, want %+v", a.ports, want)
	}
}

// temporald makes its databases on a server of somebody else too.
func TestTemporalOnAnExternalDatabase(t *testing.T) {
	needTemporald(t)
	lender := start(t, Options{DataDir: newDir(t), NoTemporal: true})
	a := start(t, Options{DataDir: newDir(t), DatabaseURL: lender.DatabaseURL()})
	c := dial(t, a)
	c.Close()
	stop(t, a)
}
