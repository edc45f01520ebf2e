package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	schema "thidua.dev/thidua/internal/explain"
)

func (a *app) explainCommand() *cobra.Command {
	var recursive bool
	cmd := &cobra.Command{
		Use:   "explain KIND[.FIELD…]",
		Short: "What a field means, and what it may hold (giải thích)",
		Long: `Explain tells what each field of a declared object means, its default and its
rules: what validation enforces, from the same schema.

Giải thích ý nghĩa từng trường trong tệp khai báo.`,
		Example: `  thidua explain campaign
  thidua explain campaign.spec.reporting.due
  thidua explain roster --recursive`,
		Args:              oneName("kind, such as campaign"),
		ValidArgsFunction: completeFields,
		RunE: func(_ *cobra.Command, args []string) error {
			kind, path, _ := strings.Cut(args[0], ".")
			name, text, fields, err := schema.Of(kind)
			if err != nil {
				return fail("%v", err)
			}
			if path == "" {
				path = "spec"
				fields[0].Text = text
			}
			return a.explainField(name, plain(path), fields, recursive)
		},
	}
	cmd.Flags().BoolVar(&recursive, "recursive", false, "the fields inside the fields, too")
	return cmd
}

// plain leaves out what tells that a field is a list: nobody types it.
func plain(path string) string { return strings.ReplaceAll(path, "[]", "") }

func (a *app) explainField(kind, path string, fields []schema.Field, recursive bool) error {
	i := slices.IndexFunc(fields, func(f schema.Field) bool { return plain(f.Path) == path })
	if i < 0 {
		return a.unknownField(kind, path, fields)
	}
	f := fields[i]
	width := a.width()
	var b strings.Builder
	fmt.Fprintf(&b, "KIND:     %s\nVERSION:  thidua.dev/v1\n%s\n%s", kind, wrap(fmt.Sprintf("FIELD:    %s (%s)", f.Path, facts(f)), "", "          ", width), wrap(f.Text, "", "", width))
	for _, rule := range f.Rules {
		b.WriteString(wrap(rule, "  - ", "    ", width))
	}
	title := "\nFIELDS:\n"
	for _, f := range fields {
		rest, inside := strings.CutPrefix(plain(f.Path), path+".")
		if !inside || !recursive && strings.Contains(rest, ".") {
			continue
		}
		b.WriteString(title)
		title = ""
		indent := "  " + strings.Repeat("  ", strings.Count(rest, "."))
		b.WriteString(wrap(rest+"   "+facts(f), indent, indent+"    ", width))
		b.WriteString(wrap(f.Text, indent+"  ", indent+"  ", width))
	}
	_, err := io.WriteString(a.out, b.String())
	return err
}

// completeFields completes kinds, and behind a dot the fields that stand there.
func completeFields(_ *cobra.Command, args []string, toComplete string) ([]string, cobra.ShellCompDirective) {
	open := cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp // a dot may follow
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	kind, path, inside := strings.Cut(toComplete, ".")
	if !inside {
		var kinds []string
		for _, k := range schema.Kinds() {
			kinds = append(kinds, strings.ToLower(k))
		}
		return kinds, open
	}
	_, _, fields, err := schema.Of(kind)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	parent := parentOf(path)
	var found []string
	for _, f := range fields {
		if parentOf(plain(f.Path)) == parent {
			found = append(found, kind+"."+plain(f.Path)+"\t"+f.Type)
		}
	}
	return found, open
}

// unknownField names those that stand beside it.
func (a *app) unknownField(kind, path string, fields []schema.Field) error {
	var beside []string
	for _, f := range fields {
		if parent := parentOf(plain(f.Path)); parent != "" && strings.HasPrefix(path, parent+".") && strings.Count(path, ".") == strings.Count(plain(f.Path), ".") {
			beside = append(beside, plain(f.Path))
		}
	}
	if len(beside) == 0 {
		return fail("%s has no field %s; thidua explain %s lists those there are", kind, path, strings.ToLower(kind))
	}
	return fail("%s has no field %s; beside it there are: %s", kind, path, strings.Join(beside, ", "))
}

// parentOf a field's path; empty of one that has none.
func parentOf(path string) string {
	i := strings.LastIndexByte(path, '.')
	if i < 0 {
		return ""
	}
	return path[:i]
}

// facts are a field's type, whether it is required, and its default.
func facts(f schema.Field) string {
	out := f.Type
	if f.Required {
		out += ", required"
	}
	if f.Default != "" {
		out += ", default " + f.Default
	}
	return out
}
