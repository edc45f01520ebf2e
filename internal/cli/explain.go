package cli

import (
	"fmt"
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
		Args:      oneName("kind, such as campaign"),
		ValidArgs: schema.Kinds(),
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
	fmt.Fprintf(a.out, "KIND:     %s\nVERSION:  thidua.dev/v1\nFIELD:    %s (%s)\n\n%s\n", kind, f.Path, facts(f), f.Text)
	for _, rule := range f.Rules {
		fmt.Fprintf(a.out, "  - %s\n", rule)
	}
	var t table
	for _, f := range fields {
		rest, inside := strings.CutPrefix(plain(f.Path), path+".")
		if inside && (recursive || !strings.Contains(rest, ".")) {
			t.add(strings.Repeat("  ", strings.Count(rest, "."))+rest, facts(f), f.Text)
		}
	}
	if len(t.rows) == 0 {
		return nil
	}
	fmt.Fprintln(a.out, "\nFIELDS:")
	return t.write(a.out, "  ")
}

// unknownField names those that stand beside it.
func (a *app) unknownField(kind, path string, fields []schema.Field) error {
	var beside []string
	for _, f := range fields {
		if parent, _ := cutLast(plain(f.Path)); parent != "" && strings.HasPrefix(path, parent+".") && strings.Count(path, ".") == strings.Count(plain(f.Path), ".") {
			beside = append(beside, plain(f.Path))
		}
	}
	if len(beside) == 0 {
		return fail("%s has no field %s; thidua explain %s lists those there are", kind, path, strings.ToLower(kind))
	}
	return fail("%s has no field %s; beside it there are: %s", kind, path, strings.Join(beside, ", "))
}

func cutLast(path string) (parent, name string) {
	i := strings.LastIndexByte(path, '.')
	if i < 0 {
		return "", path
	}
	return path[:i], path[i+1:]
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
