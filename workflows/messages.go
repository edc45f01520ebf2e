package workflows

import "time"

// TaskQueue carries all procedures.
const TaskQueue = "thidua"

// Names of messages to a procedure.
const (
	// WakeSignal means "look again" and carries nothing.
	WakeSignal = "Wake"
	// ReconcileUpdate waits until a generation was observed.
	ReconcileUpdate = "Reconcile"
)

// Input of every procedure, and all that continue-as-new carries: a name.
type Input struct {
	// ID is the workflow's own fixed id, such as campaign/covid-2021.
	ID string `json:"id"`
}

// StepInput asks for one look at what is due.
type StepInput struct {
	ID    string `json:"id"`
	Phase string `json:"phase"`
}

// StepResult is what a procedure learns: counts and instants, no unit, no
// person, no reason.
type StepResult struct {
	Generation   int64      `json:"generation"`
	Finished     bool       `json:"finished"`
	Changed      int64      `json:"changed"`
	SleepSeconds int64      `json:"sleepSeconds"`
	NextAt       *time.Time `json:"nextAt,omitempty"`
}

// ReconcileInput names the generation to wait for.
type ReconcileInput struct {
	Generation int64 `json:"generation"`
}

// ReconcileResult is the generation observed.
type ReconcileResult struct {
	Observed int64 `json:"observed"`
}

// SweepResult says how many procedures a sweep woke.
type SweepResult struct {
	Woken int64 `json:"woken"`
}
