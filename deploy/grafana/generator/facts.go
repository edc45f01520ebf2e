package main

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/variants"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/table"
)

// What Prometheus has no series for, because there are thousands of units, boards ask
// the views of schema dashboard, as a role that reads nothing else.

// factsSource is the database behind them.
func factsSource() common.DataSourceRef {
	return common.DataSourceRef{Type: new("grafana-postgresql-datasource"), Uid: new("$facts")}
}

// factsQuery is one statement. The SDK has no type for it, and leaves it as it is.
type factsQuery struct{ ref, sql, format string }

func (q factsQuery) Build() (variants.Dataquery, error) {
	return variants.UnknownDataquery{
		"refId": q.ref, "datasource": factsSource(), "format": q.format, "rawSql": q.sql, "rawQuery": true, "editorMode": "code",
	}, nil
}

// knowsFacts lets a board ask the database.
func (b *board) knowsFacts() {
	b.WithVariable(dashboard.NewDatasourceVariableBuilder("facts").Label("Facts").Type("grafana-postgresql-datasource"))
}

// choice is a variable whose values a statement gives.
func (b *board) choice(name, label, sql string, many bool) {
	v := dashboard.NewQueryVariableBuilder(name).Label(label).Query(dashboard.StringOrMap{String: new(sql)}).
		Datasource(factsSource()).Refresh(dashboard.VariableRefreshOnTimeRangeChanged).Sort(dashboard.VariableSortDisabled)
	if many {
		v.Multi(true).IncludeAll(true).
			Current(dashboard.VariableOption{Text: dashboard.StringOrArrayOfString{String: new("All")}, Value: dashboard.StringOrArrayOfString{String: new("$__all")}})
	}
	b.WithVariable(v)
}

// place is an address of this installation that boards link to.
func (b *board) place(name, label, usual string) {
	b.WithVariable(dashboard.NewTextBoxVariableBuilder(name).Label(label).DefaultValue(dashboard.StringOrMap{String: new(usual)}).Hide(dashboard.VariableHideHideVariable))
}

// launches marks when campaigns were launched, paused and so on. column is the clock by
// which the board's panels run.
func (b *board) launches(column, campaigns string) {
	b.Annotation(dashboard.NewAnnotationQueryBuilder().Name("Acts on campaigns").Datasource(factsSource()).Enable(true).IconColor("purple").
		Target(factsQuery{"Acts", `SELECT ` + column + ` AS time, verb || ' ' || campaign AS text, verb AS tags FROM dashboard.act
WHERE verb IN ('launch', 'pause', 'resume', 'cancel') AND $__timeFilter(` + column + `)` + campaigns + ` ORDER BY 1`, "table"}))
}

// lists are rows of facts. links lead from a column on to where it is shown.
func (b *board) lists(height uint32, views ...list) {
	for _, v := range views {
		p := table.NewPanelBuilder().Id(b.id()).Title(v.title).Description(v.about).Unit("short").Datasource(factsSource()).
			Span(v.span).Height(height).Targets([]cog.Builder[variants.Dataquery]{factsQuery{"A", v.sql, "table"}}).
			Filterable(true)
		for _, c := range v.columns {
			var as []dashboard.DynamicConfigValue
			if c.unit != "" {
				as = append(as, dashboard.DynamicConfigValue{Id: "unit", Value: c.unit})
			}
			if c.link != "" {
				as = append(as, dashboard.DynamicConfigValue{Id: "links", Value: []map[string]any{{"title": "Open", "url": c.link, "targetBlank": true}}})
			}
			p.OverrideByName(c.name, as)
		}
		b.WithPanel(p)
	}
}

// list is one table.
type list struct {
	title, about, sql string
	span              uint32
	columns           []column
}

// column says of one what is not plain: its unit, and where its cells lead.
type column struct{ name, unit, link string }

// facts is a query of a panel of numbers or over time.
func facts(sql string) []query { return []query{{expr: sql, facts: true}} }
