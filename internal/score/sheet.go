package score

import (
	"fmt"
	"math/big"
	"slices"

	"github.com/shopspring/decimal"

	v1 "thidua.dev/thidua/api/v1"
)

// sheet is the scoring table (bảng điểm) of a campaign, read.
type sheet struct {
	axes          []axis
	late, missing *big.Rat // points for each report
}

type axis struct {
	name          v1.Name
	weight, floor *big.Rat
	indicators    []indicator
}

type indicator struct {
	name             v1.Name
	axis             v1.Name
	kinds            []v1.UnitKind // empty for all
	baseline, target *big.Rat
	weight           *big.Rat
	better           int // +1 when more is better, -1 when less is
}

func (ind *indicator) appliesTo(kind v1.UnitKind) bool {
	return len(ind.kinds) == 0 || slices.Contains(ind.kinds, kind)
}

// applicable is the weight of the indicators that apply to a kind of unit; 0
// when the axis does not measure it.
func (a *axis) applicable(kind v1.UnitKind) *big.Rat {
	sum := new(big.Rat)
	for i := range a.indicators {
		if a.indicators[i].appliesTo(kind) {
			sum.Add(sum, a.indicators[i].weight)
		}
	}
	return sum
}

// newSheet reads a defaulted spec.
func newSheet(spec *v1.CampaignSpec) (*sheet, error) {
	s := &sheet{}
	var err error
	if s.late, err = points("spec.scoring.latePoints", spec.Scoring.LatePoints); err != nil {
		return nil, err
	}
	if s.missing, err = points("spec.scoring.missingPoints", spec.Scoring.MissingPoints); err != nil {
		return nil, err
	}
	for i := range spec.Axes {
		a, err := readAxis(&spec.Axes[i])
		if err != nil {
			return nil, err
		}
		s.axes = append(s.axes, a)
	}
	if err := s.checkWeights(); err != nil {
		return nil, err
	}
	for i := range spec.Indicators {
		if err := s.addIndicator(&spec.Indicators[i]); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *sheet) checkWeights() error {
	sum := new(big.Rat)
	for _, a := range s.axes {
		sum.Add(sum, a.weight)
	}
	if len(s.axes) > 0 && sum.Cmp(big.NewRat(100, 1)) != 0 {
		return fmt.Errorf("spec.axes: weights add up to %s; want 100", round(sum))
	}
	return nil
}

func (s *sheet) addIndicator(declared *v1.Indicator) error {
	ind, err := readIndicator(declared)
	if err != nil {
		return err
	}
	for i := range s.axes {
		if s.axes[i].name == ind.axis {
			s.axes[i].indicators = append(s.axes[i].indicators, ind)
			return nil
		}
	}
	return fmt.Errorf("spec.indicators[%s].axis: %q is not an axis", ind.name, ind.axis)
}

func readAxis(declared *v1.Axis) (a axis, err error) {
	path := "spec.axes[" + string(declared.Name) + "]"
	a.name = declared.Name
	if a.weight, err = points(path+".weight", declared.Weight); err != nil {
		return a, err
	}
	a.floor = new(big.Rat)
	if declared.Floor != "" {
		a.floor, err = points(path+".floor", declared.Floor)
	}
	if err == nil && a.floor.Cmp(a.weight) > 0 {
		err = fmt.Errorf("%s.floor: %s is more than the axis' weight %s", path, declared.Floor, declared.Weight)
	}
	return a, err
}

func readIndicator(declared *v1.Indicator) (ind indicator, err error) {
	path := "spec.indicators[" + string(declared.Name) + "]"
	ind.name, ind.axis = declared.Name, declared.Axis
	if declared.AppliesTo != nil {
		ind.kinds = declared.AppliesTo.Kinds
	}
	if ind.baseline, err = number(path+".baseline", declared.Baseline); err != nil {
		return ind, err
	}
	if ind.target, err = number(path+".target", declared.Target); err != nil {
		return ind, err
	}
	if ind.weight, err = points(path+".weight", declared.Weight); err != nil {
		return ind, err
	}
	switch declared.Direction {
	case v1.Up:
		ind.better = +1
	case v1.Down:
		ind.better = -1
	default:
		return ind, fmt.Errorf("%s.direction: %q is neither Up nor Down", path, declared.Direction)
	}
	if ind.target.Cmp(ind.baseline)*ind.better < 0 {
		return ind, fmt.Errorf("%s.target: %s is worse than the baseline %s with direction %s",
			path, declared.Target, declared.Baseline, declared.Direction)
	}
	return ind, nil
}

// number reads an exact number.
func number(path string, d v1.Decimal) (*big.Rat, error) {
	read, err := decimal.NewFromString(string(d))
	if err != nil {
		return nil, fmt.Errorf("%s: %q is not a number", path, d)
	}
	return read.Rat(), nil
}

// points reads a number that is not negative.
func points(path string, d v1.Decimal) (*big.Rat, error) {
	read, err := number(path, d)
	if err == nil && read.Sign() < 0 {
		return nil, fmt.Errorf("%s: %s is negative", path, d)
	}
	return read, err
}
