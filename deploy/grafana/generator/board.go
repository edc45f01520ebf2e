package main

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/variants"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
	"github.com/grafana/grafana-foundation-sdk/go/units"
)

// Every query of Prometheus takes max over processes first: each process of an installation
// reads the same facts. What a process counts itself is summed.

// view is one panel. Title, about and unit are never empty: about says what the
// panel tells, and what to do about it.
type view struct {
	title, about, unit string
	queries            []query
	// alarm colours a number from this value on; 0 never does.
	alarm float64
	whole bool // of a ratio: 1 is all
	stack bool
	link  string // where its series lead
}

// query is one expression and how its series are called; of facts, a statement whose
// columns say so themselves.
type query struct {
	expr, legend string
	facts        bool
}

const (
	numberWidth, numberHeight = 4, 4
	graphWidth, graphHeight   = 12, 8
)

func source() common.DataSourceRef {
	return common.DataSourceRef{Type: new("prometheus"), Uid: new("$datasource")}
}

// board is a dashboard and the number of its newest panel.
type board struct {
	*dashboard.DashboardBuilder

	panels uint32
}

// newBoard begins a dashboard. Those about campaigns can be narrowed to some.
func newBoard(uid, title, about string, byCampaign bool) *board {
	// The second version of the schema needs Grafana 12, which few run yet.
	b := dashboard.NewDashboardBuilder(title).Uid(uid).Description(about).Tags([]string{"thidua"}). //nolint:staticcheck // see above
													Editable().Refresh("30s").Time("now-24h", "now").Timezone("browser").
													Tooltip(dashboard.DashboardCursorSyncCrosshair).
													Link(dashboard.NewDashboardLinkBuilder("Thi đua").Type(dashboard.DashboardLinkTypeDashboards).Tags([]string{"thidua"}).KeepTime(true)).
													WithVariable(dashboard.NewDatasourceVariableBuilder("datasource").Label("Prometheus").Type("prometheus"))
	if byCampaign {
		b.WithVariable(dashboard.NewQueryVariableBuilder("campaign").Label("Campaign").
			Query(dashboard.StringOrMap{String: new("label_values(thidua_obligations_overdue, campaign)")}).
			Datasource(source()).Refresh(dashboard.VariableRefreshOnTimeRangeChanged).
			Sort(dashboard.VariableSortAlphabeticalAsc).Multi(true).IncludeAll(true).AllValue(".*").
			Current(dashboard.VariableOption{Text: dashboard.StringOrArrayOfString{String: new("All")}, Value: dashboard.StringOrArrayOfString{String: new("$__all")}}))
	}
	return &board{DashboardBuilder: b}
}

func (b *board) id() uint32 {
	b.panels++
	return b.panels
}

// numbers is a row of single values, as they are now.
func (b *board) numbers(views ...view) {
	for _, v := range views {
		p := stat.NewPanelBuilder().Id(b.id()).Title(v.title).Description(v.about).Unit(v.unit).Datasource(v.source()).
			Span(numberWidth).Height(numberHeight).Targets(v.targets(true)).
			Orientation(common.VizOrientationAuto).GraphMode(common.BigValueGraphModeNone).ColorMode(common.BigValueColorModeValue).
			ReduceOptions(common.NewReduceDataOptionsBuilder().Calcs([]string{"lastNotNull"})).
			Thresholds(v.thresholds())
		b.WithPanel(p)
	}
}

// graphs are values over time.
func (b *board) graphs(views ...view) {
	for _, v := range views {
		p := timeseries.NewPanelBuilder().Id(b.id()).Title(v.title).Description(v.about).Unit(v.unit).Datasource(v.source()).
			Span(graphWidth).Height(graphHeight).Targets(v.targets(false)).Min(0).
			LineInterpolation(common.LineInterpolationStepAfter).FillOpacity(10).ShowPoints(common.VisibilityModeNever).
			Legend(common.NewVizLegendOptionsBuilder().ShowLegend(true).DisplayMode(common.LegendDisplayModeTable).
				Placement(common.LegendPlacementRight).Calcs([]string{"lastNotNull"})).
			Tooltip(common.NewVizTooltipOptionsBuilder().Mode(common.TooltipDisplayModeMulti).Sort(common.SortOrderDescending)).
			Thresholds(v.thresholds())
		if v.whole {
			p.Max(1)
		}
		if v.alarm > 0 {
			p.ThresholdsStyle(common.NewGraphThresholdsStyleConfigBuilder().Mode(common.GraphThresholdsStyleModeDashed))
		}
		if v.link != "" {
			p.DataLinks([]cog.Builder[dashboard.DashboardLink]{dashboard.NewDashboardLinkBuilder("Open").Type(dashboard.DashboardLinkTypeLink).Url(v.link)})
		}
		if v.stack {
			p.Stacking(common.NewStackingConfigBuilder().Mode(common.StackingModeNormal))
		}
		b.WithPanel(p)
	}
}

func (v view) targets(instant bool) (all []cog.Builder[variants.Dataquery]) {
	for i, q := range v.queries {
		if q.facts {
			format := "time_series"
			if instant {
				format = "table"
			}
			all = append(all, factsQuery{string(rune('A' + i)), q.expr, format})
			continue
		}
		t := prometheus.NewDataqueryBuilder().RefId(string(rune('A' + i))).Expr(q.expr).LegendFormat(q.legend).Datasource(source())
		if instant {
			t.Instant()
		} else {
			t.Range()
		}
		all = append(all, t)
	}
	return all
}

func (v view) source() common.DataSourceRef {
	if v.queries[0].facts {
		return factsSource()
	}
	return source()
}

func (v view) thresholds() *dashboard.ThresholdsConfigBuilder {
	steps := []dashboard.Threshold{{Color: "green"}}
	if v.unit == units.PercentUnit || v.unit == moment {
		steps[0].Color = "blue"
	}
	if v.alarm > 0 {
		steps = append(steps, dashboard.Threshold{Color: "red", Value: new(v.alarm)})
	}
	return dashboard.NewThresholdsConfigBuilder().Mode(dashboard.ThresholdsModeAbsolute).Steps(steps)
}

// moment shows milliseconds since 1970 as a date and a time.
const moment = "dateTimeAsIso"

func one(expr, legend string) []query { return []query{{expr: expr, legend: legend}} }

// leads puts a link beside the board's title.
func (b *board) leads(title, url string) {
	b.Link(dashboard.NewDashboardLinkBuilder(title).Type(dashboard.DashboardLinkTypeLink).Icon("external link").Url(url).TargetBlank(true))
}
