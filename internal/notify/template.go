package notify

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/template"
	"text/template/parse"
	"time"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/notify/texts"
)

// override names the text that a MessageTemplate replaces.
type override struct {
	step     string
	language texts.Language
}

func languageOf(spec v1.MessageTemplateSpec) texts.Language {
	return texts.Language(cmp.Or(spec.Language, string(texts.VI)))
}

// overrideText is a MessageTemplate, parsed and found harmless.
type overrideText struct{ subject, body *template.Template }

// outputLimit is the most that an override may write, in bytes: a list of 2,000
// units with its links.
const outputLimit = 1 << 20

// CheckTemplate says why a MessageTemplate cannot be used. It may print fields,
// decide and repeat, nothing more, so that it ends and reads only what it is
// given: no templates of its own, no loops inside loops or over numbers, no
// functions but comparisons and link. It is then tried on a full and on a bare
// message.
func CheckTemplate(spec v1.MessageTemplateSpec) error {
	_, err := parseOverride(spec)
	return err
}

func parseOverride(spec v1.MessageTemplateSpec) (*overrideText, error) {
	fail := func(field string, err error) error {
		return fmt.Errorf("message template for step %s (%s): %s: %w", spec.Step, languageOf(spec), field, err)
	}
	var o overrideText
	var err error
	if o.subject, err = parseLimited(spec.Subject); err != nil {
		return nil, fail("subject", err)
	}
	if o.body, err = parseLimited(spec.Body); err != nil {
		return nil, fail("body", err)
	}
	t := texts.In(languageOf(spec))
	if t == nil {
		return nil, fail("language", errors.New("want vi or en"))
	}
	for _, e := range []Envelope{sampleEnvelope(true), sampleEnvelope(false)} {
		v, err := newView(e, t)
		if err != nil {
			return nil, fail("sample", err)
		}
		if _, _, err := o.fill(v); err != nil {
			return nil, fail("sample", err)
		}
	}
	return &o, nil
}

func parseLimited(text string) (*template.Template, error) {
	t, err := template.New("text").Funcs(texts.Functions).Option("missingkey=error").Parse(text)
	if err != nil {
		return nil, err
	}
	if len(t.Templates()) > 1 {
		return nil, errors.New("define and block are not allowed")
	}
	if t.Tree == nil || t.Root == nil {
		return nil, errors.New("empty")
	}
	return t, limit(t.Root, false)
}

var allowedFunctions = []string{"and", "or", "not", "eq", "ne", "lt", "le", "gt", "ge", "len", "link"}

// limit refuses what CheckTemplate does not allow.
func limit(node parse.Node, looping bool) error {
	switch n := node.(type) {
	case *parse.ListNode:
		if n == nil {
			return nil
		}
		for _, c := range n.Nodes {
			if err := limit(c, looping); err != nil {
				return err
			}
		}
		return nil
	case *parse.IfNode:
		return limitBranch(&n.BranchNode, looping)
	case *parse.WithNode:
		return limitBranch(&n.BranchNode, looping)
	case *parse.RangeNode:
		if looping {
			return errors.New("a range inside a range is not allowed")
		}
		if arg := n.Pipe.Cmds[len(n.Pipe.Cmds)-1].Args[0]; arg.Type() != parse.NodeField && arg.Type() != parse.NodeVariable {
			return fmt.Errorf("range over %s is not allowed", n.Pipe)
		}
		return limitBranch(&n.BranchNode, true)
	case *parse.ActionNode:
		return limit(n.Pipe, looping)
	case *parse.PipeNode:
		if n == nil {
			return nil
		}
		for _, c := range n.Cmds {
			for _, a := range c.Args {
				if err := limit(a, looping); err != nil {
					return err
				}
			}
		}
		return nil
	case *parse.ChainNode:
		return limit(n.Node, looping)
	case *parse.IdentifierNode:
		if !slices.Contains(allowedFunctions, n.Ident) {
			return fmt.Errorf("function %s is not allowed", n.Ident)
		}
		return nil
	case *parse.TextNode, *parse.FieldNode, *parse.VariableNode, *parse.DotNode, *parse.StringNode,
		*parse.NumberNode, *parse.BoolNode, *parse.NilNode, *parse.CommentNode, *parse.BreakNode, *parse.ContinueNode:
		return nil
	}
	return fmt.Errorf("%s is not allowed", node)
}

func limitBranch(n *parse.BranchNode, looping bool) error {
	return cmp.Or(limit(n.Pipe, looping), limit(n.List, looping), limit(n.ElseList, looping))
}

func (o *overrideText) fill(v *view) (subject, body string, err error) {
	var s, b limitedBuilder
	if err := o.subject.Execute(&s, v); err != nil {
		return "", "", err
	}
	if err := o.body.Execute(&b, v); err != nil {
		return "", "", err
	}
	if texts.Line(s.String()) == "" {
		return "", "", errors.New("the subject is empty")
	}
	return s.String(), b.String(), nil
}

type limitedBuilder struct{ strings.Builder }

func (b *limitedBuilder) Write(p []byte) (int, error) {
	if b.Len()+len(p) > outputLimit {
		return 0, fmt.Errorf("the text grows beyond %d bytes", outputLimit)
	}
	return b.Builder.Write(p)
}

// sampleEnvelope is a message to try a template on, with everything that a
// message may have, or nothing that it may lack.
func sampleEnvelope(full bool) Envelope {
	now := time.Date(2021, 10, 8, 8, 30, 0, 0, time.UTC)
	e := Envelope{
		Campaign:  Campaign{Name: "sample", Title: v1.Text{VI: "Mẫu"}},
		Office:    Office{Unit: Unit{Code: "OFFICE"}},
		Recipient: Recipient{Unit: Unit{Code: "UNIT"}},
		Notices:   []Notice{{Unit: Unit{Code: "UNIT"}}},
		Now:       now, Location: time.UTC,
	}
	if !full {
		return e
	}
	e.Campaign.Title.EN, e.Campaign.Launched = "Sample", now
	e.Office.Name, e.Office.Contact = "Office", &v1.OfficeContact{Name: "Desk", Phone: "1", Email: "desk@example.vn"}
	e.Basis = &v1.Document{Number: "1/QĐ-TEST", Date: "2021-09-01"}
	e.Recipient = Recipient{Role: v1.RoleLeader, Unit: Unit{"UNIT", "Unit"}, Name: "Name"}
	e.Notices = []Notice{{
		RoundTitle: v1.Text{VI: "báo cáo", EN: "report"}, Unit: Unit{"UNIT", "Unit"},
		Due: now, DueMoved: "2021-10-02", Closes: now, DataFrom: "2021-09-01", DataTo: "2021-09-30",
		FormURL: "https://example.vn/f", PaperURL: "https://example.vn/p", HardTasks: 5,
		EventAt: now, Place: "Hà Nội", Occasion: "FinalReview", DaysLate: 1,
	}, {Unit: Unit{"OTHER", "Other"}, Due: now}}
	return e
}
