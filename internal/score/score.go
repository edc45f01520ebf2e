package score

import (
	"fmt"
	"math/big"

	"github.com/shopspring/decimal"

	v1 "thidua.dev/thidua/api/v1"
)

// Places is how many places points are written with.
const Places = 4

// Unit is what is known of one participant at a review.
type Unit struct {
	Code  v1.UnitCode
	Kind  v1.UnitKind
	Group v1.Name // cluster or block; units without one are ranked among themselves
	// Figures are the latest accepted figures by indicator; a missing one counts
	// as no attainment.
	Figures map[v1.Name]decimal.Decimal
	// Late, Missing and Expected count reports.
	Late, Missing, Expected int
	// Bonus are points on top, such as for a flag; totals above 100 are legal.
	Bonus decimal.Decimal
}

// Line is one unit's score. Points are rounded half up (a half goes away from
// zero) to Places. Each is rounded by itself from the exact value, so axes may
// differ from Base by the last place.
type Line struct {
	Unit  v1.UnitCode
	Group v1.Name
	// Axes in declared order.
	Axes []AxisPoints
	// Base is the sum over the axes, before bonus and malus.
	Base  decimal.Decimal
	Bonus decimal.Decimal
	// Malus is what late and missing reports cost; it is taken off.
	Malus decimal.Decimal
	// Total = Base + Bonus - Malus; it may be below 0 or above 100.
	Total                   decimal.Decimal
	Late, Missing, Expected int
	// Ranked is false when Reason says why the unit has no rank.
	Ranked bool
	Reason Reason
	// Rank is from 1; 0 when not ranked, or before Rank. Joint means that others
	// have it too.
	Rank  int
	Joint bool
}

// AxisPoints is what a unit has on one axis.
type AxisPoints struct {
	Axis v1.Name
	// Measured is false when no indicator of the axis applies to the unit.
	Measured bool
	// Weight is the axis' share for this unit, after the weight of axes not
	// measured was spread over the others; 0 when not measured.
	Weight decimal.Decimal
	// Points are Weight times attainment.
	Points decimal.Decimal
	// Floor is the least points to be ranked, in the scale of Points; 0 for none.
	Floor      decimal.Decimal
	BelowFloor bool
}

// Reason is a code; words for it are in the catalogue of whoever shows it.
type Reason string

const (
	// NotMeasured: no indicator applies to the unit.
	NotMeasured Reason = "NotMeasured"
	// BelowFloor: some axis is below its floor; see AxisPoints.BelowFloor.
	BelowFloor Reason = "BelowFloor"
)

// Check tells whether units can be scored by the spec, so that a mistake shows
// when a campaign is declared and not at its final review.
func Check(spec *v1.CampaignSpec) error {
	_, err := newSheet(spec)
	return err
}

// Score gives each unit its line, in the order of units, not yet ranked.
//
// Points of an axis are its weight times the weighted mean of the attainments of
// the indicators that apply to the unit. Where none applies, the weights and
// floors of the other axes are scaled up so that they add up to 100 again:
// nobody loses by not being measured. A unit that nothing measures is not
// ranked.
func Score(spec *v1.CampaignSpec, units []Unit) ([]Line, error) {
	s, err := newSheet(spec)
	if err != nil {
		return nil, err
	}
	lines := make([]Line, len(units))
	for i := range units {
		lines[i] = s.line(&units[i])
	}
	return lines, nil
}

// line scores one unit.
func (s *sheet) line(u *Unit) Line {
	line := Line{Unit: u.Code, Group: u.Group, Late: u.Late, Missing: u.Missing, Expected: u.Expected}
	base := new(big.Rat)
	scale := s.scale(u.Kind)
	for i := range s.axes {
		points, onAxis := s.axes[i].score(u, scale)
		base.Add(base, points)
		line.Axes = append(line.Axes, onAxis)
		if onAxis.BelowFloor {
			line.Reason = BelowFloor
		}
	}
	if scale == nil {
		line.Reason = NotMeasured
	}
	line.Ranked = line.Reason == ""

	bonus, malus := u.Bonus.Rat(), s.malus(u)
	total := new(big.Rat).Add(base, bonus)
	total.Sub(total, malus)
	line.Base, line.Bonus, line.Malus, line.Total = round(base), round(bonus), round(malus), round(total)
	return line
}

// scale is by how much the weights of the measured axes grow so that they add up
// to the weights of all; nil when nothing is measured.
func (s *sheet) scale(kind v1.UnitKind) *big.Rat {
	all, measured := new(big.Rat), new(big.Rat)
	for _, a := range s.axes {
		all.Add(all, a.weight)
		if a.applicable(kind).Sign() > 0 {
			measured.Add(measured, a.weight)
		}
	}
	if measured.Sign() == 0 {
		return nil
	}
	return all.Quo(all, measured)
}

// malus is what the unit's late and missing reports cost.
func (s *sheet) malus(u *Unit) *big.Rat {
	late := new(big.Rat).Mul(s.late, new(big.Rat).SetInt64(int64(u.Late)))
	missing := new(big.Rat).Mul(s.missing, new(big.Rat).SetInt64(int64(u.Missing)))
	return late.Add(late, missing)
}

// score is a unit's exact points on the axis, and the same as people read them.
// The floor is compared with the points as written, so that whoever reads the
// line can check it.
func (a *axis) score(u *Unit, scale *big.Rat) (*big.Rat, AxisPoints) {
	points, applicable := new(big.Rat), a.applicable(u.Kind)
	if scale == nil || applicable.Sign() == 0 {
		return points, AxisPoints{Axis: a.name}
	}
	for i := range a.indicators {
		ind := &a.indicators[i]
		if value, reported := u.Figures[ind.name]; reported && ind.appliesTo(u.Kind) {
			points.Add(points, new(big.Rat).Mul(ind.weight, ind.attainment(value.Rat())))
		}
	}
	weight := new(big.Rat).Mul(a.weight, scale)
	points.Quo(points, applicable)
	points.Mul(points, weight)
	on := AxisPoints{
		Axis: a.name, Measured: true,
		Weight: round(weight), Points: round(points), Floor: round(new(big.Rat).Mul(a.floor, scale)),
	}
	on.BelowFloor = on.Points.LessThan(on.Floor)
	return points, on
}

// Attainment is how far value has come from the indicator's baseline to its
// target: 0 to 1, exact. An indicator whose baseline is its target is met or not.
func Attainment(ind v1.Indicator, value decimal.Decimal) (*big.Rat, error) {
	read, err := readIndicator(&ind)
	if err != nil {
		return nil, err
	}
	return read.attainment(value.Rat()), nil
}

func (ind *indicator) attainment(value *big.Rat) *big.Rat {
	way := new(big.Rat).Sub(ind.target, ind.baseline)
	if way.Sign() == 0 {
		missed := value.Cmp(ind.target) * ind.better
		if missed < 0 {
			return new(big.Rat)
		}
		return big.NewRat(1, 1)
	}
	come := new(big.Rat).Sub(value, ind.baseline)
	return clamp01(come.Quo(come, way))
}

func clamp01(r *big.Rat) *big.Rat {
	if r.Sign() < 0 {
		return new(big.Rat)
	}
	if one := big.NewRat(1, 1); r.Cmp(one) > 0 {
		return one
	}
	return r
}

// round writes an exact value down; a half goes away from zero, as numeric does
// in Postgres.
func round(r *big.Rat) decimal.Decimal {
	d, err := decimal.NewFromString(r.FloatString(Places))
	if err != nil {
		panic(fmt.Sprintf("round %s: %v", r, err)) // FloatString writes a decimal
	}
	return d
}
