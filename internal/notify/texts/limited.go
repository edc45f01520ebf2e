package texts

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/template"
	"text/template/parse"
)

// Limited is a template that an operator wrote. It may print fields, decide and
// repeat, nothing more, so that it ends and reads only what it is given: no
// templates of its own, no loops inside loops or over numbers, no functions but
// comparisons and link.
type Limited struct{ t *template.Template }

// outputLimit is the most that one may write, in bytes: a list of 2,000 units with
// its links.
const outputLimit = 1 << 20

// ParseLimited says why a template is not one.
func ParseLimited(text string) (*Limited, error) {
	t, err := template.New("text").Funcs(functions).Option("missingkey=error").Parse(text)
	if err != nil {
		return nil, err
	}
	if len(t.Templates()) > 1 {
		return nil, errors.New("define and block are not allowed")
	}
	if t.Tree == nil || t.Root == nil {
		return nil, errors.New("empty")
	}
	return &Limited{t}, limit(t.Root, false)
}

// Fill executes it. A field that the data lack is an error.
func (l *Limited) Fill(data any) (string, error) {
	var b limitedBuilder
	if err := l.t.Execute(&b, data); err != nil {
		return "", err
	}
	return b.String(), nil
}

var allowedFunctions = []string{"and", "or", "not", "eq", "ne", "lt", "le", "gt", "ge", "len", "link"}

// limit refuses what Limited does not allow.
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

type limitedBuilder struct{ strings.Builder }

func (b *limitedBuilder) Write(p []byte) (int, error) {
	if b.Len()+len(p) > outputLimit {
		return 0, fmt.Errorf("the text grows beyond %d bytes", outputLimit)
	}
	return b.Builder.Write(p)
}
