package cli

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"thidua.dev/thidua/internal/audit"
	"thidua.dev/thidua/internal/auth"
	"thidua.dev/thidua/internal/engine"
	"thidua.dev/thidua/internal/evidence"
	"thidua.dev/thidua/internal/httpapi/client"
	"thidua.dev/thidua/internal/look"
	"thidua.dev/thidua/internal/manifest"
	"thidua.dev/thidua/internal/verify"
)

// reader is what verbs look at.
type reader interface {
	campaignReader
	pictureReader
	deliveryReader
	installationReader
}

// campaignReader reads how campaigns stand.
type campaignReader interface {
	Campaigns(ctx context.Context) ([]look.Campaign, error)
	Campaign(ctx context.Context, name string) (look.Campaign, error)
	Board(ctx context.Context, campaign string) (look.Board, error)
	Rounds(ctx context.Context, campaign string) ([]look.Round, error)
	Late(ctx context.Context, campaign string) ([]look.Late, error)
	Ranking(ctx context.Context, campaign, review string) (look.Ranking, error)
	Why(ctx context.Context, campaign, unit string) (look.Why, error)
	Todo(ctx context.Context, unit string) ([]look.Todo, error)
}

// pictureReader reads what pictures are drawn from.
type pictureReader interface {
	Completeness(ctx context.Context, campaign, round string) (look.Completeness, error)
	Grid(ctx context.Context, campaign, round string) (look.Grid, error)
	Load(ctx context.Context, campaign string) (look.Load, error)
}

// deliveryReader reads who was told what.
type deliveryReader interface {
	Notices(ctx context.Context, campaign string) ([]look.Notice, error)
	Messages(ctx context.Context, campaign string, f look.MessageFilter) ([]look.Message, error)
	Letters(ctx context.Context, campaign string) ([]look.Letter, error)
	Ambiguous(ctx context.Context, campaign string) ([]look.LooseAttempt, error)
}

// installationReader reads what belongs to no campaign.
type installationReader interface {
	Clock(ctx context.Context) (look.Clock, error)
	Units(ctx context.Context, campaign, query string, limit int) ([]look.Unit, int64, error)
	Objects(ctx context.Context) ([]look.Object, error)
	Roots(ctx context.Context) ([]look.Root, error)
	Status(ctx context.Context) (*look.Status, error)
	Changes(ctx context.Context) (string, error)
}

// acts are what verbs do.
type acts interface {
	steering
	mailing
	intake
	admission
	people
}

// mailing steers messages that wait, or that came to nothing.
type mailing interface {
	HoldMessages(ctx context.Context, act engine.Act, campaign string, choice engine.Choice) (engine.Held, error)
	ReleaseMessages(ctx context.Context, act engine.Act, campaign string, choice engine.Choice) (engine.Released, error)
	CancelMessages(ctx context.Context, act engine.Act, campaign string, choice engine.Choice) (engine.CancelledMessages, error)
	ResendMessages(ctx context.Context, act engine.Act, campaign string, choice engine.Choice) (engine.Resent, error)
}

// steering declares campaigns and steers them.
type steering interface {
	Apply(ctx context.Context, act engine.Act, set *manifest.Set, dryRun bool) ([]engine.Applied, error)
	Diff(ctx context.Context, actor auth.Actor, set *manifest.Set) (engine.Difference, error)
	Launch(ctx context.Context, act engine.Act, campaign string, o engine.LaunchOptions) error
	Pause(ctx context.Context, act engine.Act, campaign string) error
	Resume(ctx context.Context, act engine.Act, campaign string, d engine.Deadlines) error
	Extend(ctx context.Context, act engine.Act, campaign, round, unit string, to time.Time) (engine.Extended, error)
	Request(ctx context.Context, act engine.Act, campaign string, q engine.AdHoc) (engine.Requested, error)
	Cancel(ctx context.Context, act engine.Act, campaign string) error
	Decide(ctx context.Context, act engine.Act, campaign string, d engine.Decided) error
	Rebuild(ctx context.Context, act engine.Act) (int64, error)
}

// intake takes what units and bodies owe.
type intake interface {
	Submit(ctx context.Context, act engine.Act, campaign, round, unit string, r engine.Report) (engine.Receipt, error)
	SaveDraft(ctx context.Context, act engine.Act, campaign, round, unit string, r engine.Report) (time.Time, error)
	Record(ctx context.Context, act engine.Act, campaign, round, unit string, r engine.Report, a engine.Arrival) (engine.Receipt, error)
	Approve(ctx context.Context, act engine.Act, campaign, round, unit string) (engine.Receipt, error)
	HandBack(ctx context.Context, act engine.Act, campaign, round, unit string) error
	Return(ctx context.Context, act engine.Act, campaign, round, unit string, to time.Time) error
	Reopen(ctx context.Context, act engine.Act, campaign, round, unit string, to time.Time) error
	Consolidate(ctx context.Context, act engine.Act, campaign, round, body string, r engine.Report) (engine.Consolidated, error)
}

// admission lets people and programs in.
type admission interface {
	IssueToken(ctx context.Context, act engine.Act, g engine.Grant) (engine.Token, string, error)
	Tokens(ctx context.Context, actor auth.Actor, unit string) ([]engine.Token, error)
	RevokeToken(ctx context.Context, act engine.Act, id int64) (engine.Token, error)
	RevokeLinks(ctx context.Context, act engine.Act, unit string) (int, error)
	RotateLinkKey(ctx context.Context, act engine.Act) (int, error)
}

// people are let in by their accounts.
type people interface {
	Accounts(ctx context.Context, actor auth.Actor) ([]engine.Account, error)
	CreateAccount(ctx context.Context, act engine.Act, login string, g engine.Grant) (engine.Account, string, error)
	Invite(ctx context.Context, act engine.Act, login string) (engine.Account, string, error)
	GiveRole(ctx context.Context, act engine.Act, login string, g engine.Grant) (engine.Account, error)
	RevokeRole(ctx context.Context, act engine.Act, id int64) error
	DisableAccount(ctx context.Context, act engine.Act, login string, disabled bool) (engine.Account, error)
	ResetSecondFactor(ctx context.Context, act engine.Act, login string) (engine.Account, error)
	SignOut(ctx context.Context, act engine.Act, login string) (engine.Account, error)
}

// installation is what the verbs work on: its facts themselves, or a server's API.
// Both answer alike; the scripts of the tests run on both.
type installation interface {
	reader
	acts
	// Then reads what was known at an instant.
	Then(at time.Time) reader
	// Keep stores a file before anything refers to it.
	Keep(ctx context.Context, name string, bytes io.Reader) (engine.File, error)
	// WriteFile writes a file that came with a report, if it is what was sent.
	WriteFile(ctx context.Context, w io.Writer, campaign, unit, sha256 string) error
	// WriteLetter writes a drafted letter, a page of HTML.
	WriteLetter(ctx context.Context, w io.Writer, campaign string, id int64) error
	Verify(ctx context.Context, of string, root *audit.Hash) (*verify.Verification, error)
	// Bundle is what another machine verifies.
	Bundle(ctx context.Context) (*verify.Bundle, error)
}

var (
	_ installation = local{}
	_ installation = remote{}
)

// local is an installation whose facts are at hand.
type local struct {
	*engine.Engine
	*look.Reader
	verifier *verify.Verifier
	files    *evidence.Store
}

func (l local) Then(at time.Time) reader { return l.AsOf(at) }

func (l local) Keep(ctx context.Context, name string, bytes io.Reader) (engine.File, error) {
	k, err := l.files.Put(ctx, bytes)
	return engine.File{Name: name, SHA256: k.SHA256, Size: k.Size, MediaType: k.MediaType}, err
}

// WriteFile asks for no campaign and unit: who has the directory has the files.
func (l local) WriteFile(ctx context.Context, w io.Writer, _, _, hash string) error {
	f, err := l.files.Open(hash)
	if errors.Is(err, fs.ErrNotExist) {
		return fail("no file with the hash %s is kept here (%s); why UNIT -c CAMPAIGN names those that are", hash, l.files)
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if damage, err := l.files.Check(ctx, hash); err != nil {
		return err
	} else if damage != evidence.Whole {
		return fail("the file kept under %s is not what was sent any more (%s): restore it from the backup", hash, damage)
	}
	_, err = io.Copy(w, f)
	return err
}

func (l local) WriteLetter(ctx context.Context, w io.Writer, campaign string, id int64) error {
	d, err := l.Letter(ctx, campaign, id)
	if err != nil {
		return err
	}
	return d.Document.Write(w)
}

func (l local) Verify(ctx context.Context, of string, root *audit.Hash) (*verify.Verification, error) {
	return l.verifier.Verify(ctx, of, root)
}

// Bundle seals what can be sealed first: an auditor holds a bundle to a root.
func (l local) Bundle(ctx context.Context) (*verify.Bundle, error) {
	if _, err := l.Seal(ctx); err != nil {
		return nil, err
	}
	return l.verifier.Bundle(ctx)
}

// remote is an installation that is reached by its API.
type remote struct{ *client.Client }

func (r remote) Then(at time.Time) reader { return r.AsOf(at) }

// WriteFile holds what came to the hash that was asked for: it is written whole or
// not at all.
func (r remote) WriteFile(ctx context.Context, w io.Writer, campaign, unit, hash string) error {
	if campaign == "" || unit == "" {
		return misuse("get file: a server asks whose it is: give -c CAMPAIGN and --unit UNIT")
	}
	var b bytes.Buffer
	if err := r.Client.WriteFile(ctx, &b, campaign, unit, hash); err != nil {
		return err
	}
	if sum := sha256.Sum256(b.Bytes()); hex.EncodeToString(sum[:]) != hash {
		return fail("what the server sent is not the file with the hash %s", hash)
	}
	_, err := b.WriteTo(w)
	return err
}

// keep stores files before anything refers to them.
func keep(ctx context.Context, on installation, paths []string) ([]engine.File, error) {
	var kept []engine.File
	for _, path := range paths {
		f, err := keepOne(ctx, on, path)
		if err != nil {
			return nil, err
		}
		kept = append(kept, f)
	}
	return kept, nil
}

func keepOne(ctx context.Context, on installation, path string) (engine.File, error) {
	f, err := os.Open(path)
	if err != nil {
		return engine.File{}, err
	}
	defer f.Close()
	switch about, err := f.Stat(); {
	case err != nil:
		return engine.File{}, err
	case about.Mode().IsRegular() && about.Size() == 0:
		return engine.File{}, fail("%s: the file is empty: was it scanned?", path)
	}
	kept, err := on.Keep(ctx, filepath.Base(path), f)
	if err != nil {
		return kept, fail("%s: not kept: %v", path, err)
	}
	return kept, nil
}

// create makes a file that was not there before; what units sent is theirs. "-" is
// stdout.
func (a *app) create(path string, write func(io.Writer) error) error {
	if path == "-" {
		return write(a.out)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fail("%s: is there already; name another file", path)
	}
	if err != nil {
		return err
	}
	if err := write(f); err != nil {
		return errors.Join(err, f.Close(), os.Remove(path))
	}
	return f.Close()
}
