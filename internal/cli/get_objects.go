package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	v1 "thidua.dev/thidua/api/v1"
	"thidua.dev/thidua/internal/look"
	"thidua.dev/thidua/internal/manifest"
)

func (a *app) getObjectsCommand() *cobra.Command {
	var format, asOf string
	cmd := &cobra.Command{
		Use:     "objects [KIND/NAME]…",
		Aliases: []string{"object"},
		Short:   "Declared objects as they were admitted (đối tượng đã khai báo)",
		Long: `Objects lists what was declared. With -o yaml it prints manifests that apply
takes back.`,
		Example: `  thidua get objects
  thidua get objects campaign/covid-2021 -o yaml > covid-2021.yaml
  thidua get objects roster/don-vi --as-of 2021-10-18 -o yaml   as it was that day`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.lookingAsOf(cmd.Context(), asOf, func(r *look.Reader) error {
				rows, err := selectObjects(cmd.Context(), r, args)
				if err != nil {
					return err
				}
				return a.writeObjects(format, rows)
			})
		},
	}
	asOfFlag(cmd, &asOf)
	outputFlag(cmd, &format, formatTable, formatJSON, formatYAML, formatName)
	return cmd
}

func selectObjects(ctx context.Context, r *look.Reader, names []string) ([]storedObject, error) {
	all, err := readObjects(ctx, r)
	if err != nil || len(names) == 0 {
		return all.rows, err
	}
	var found []storedObject
	for _, name := range names {
		i := slices.IndexFunc(all.rows, func(o storedObject) bool { return lowerKind(o.Kind, o.Name) == strings.ToLower(name) })
		if i < 0 {
			if !strings.Contains(name, "/") {
				return nil, misuse("%q: name objects as KIND/NAME, such as campaign/covid-2021", name)
			}
			return nil, fail("%s is not declared; see: thidua get objects", name)
		}
		found = append(found, all.rows[i])
	}
	return found, nil
}

func (a *app) writeObjects(format string, rows []storedObject) error {
	switch format {
	case formatJSON:
		objects := make([]v1.Object, len(rows))
		for i, row := range rows {
			objects[i] = row.object
		}
		return WriteDocument(a.out, format, objects)
	case formatYAML:
		for i, row := range rows {
			b, err := manifest.Encode(row.object)
			if err != nil {
				return err
			}
			if i > 0 {
				fmt.Fprintln(a.out, "---")
			}
			if _, err := a.out.Write(b); err != nil {
				return err
			}
		}
		return nil
	}
	zone := zoneOf(defaultZone)
	return writeList(a, format, "objects", rows, func(o storedObject) string { return lowerKind(o.Kind, o.Name) }, []column[storedObject]{
		{title: "OBJECT", cell: func(o storedObject) string { return lowerKind(o.Kind, o.Name) }},
		{title: "GENERATION", cell: func(o storedObject) string { return number(o.Generation) }},
		{title: "APPLIED", cell: func(o storedObject) string { return stamp(o.AppliedAt.Truncate(time.Second), zone) }},
		{title: "BY", cell: func(o storedObject) string { return o.Actor }},
	})
}
