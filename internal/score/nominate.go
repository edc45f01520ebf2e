package score

import (
	"fmt"
	"maps"

	"github.com/shopspring/decimal"

	v1 "thidua.dev/thidua/api/v1"
)

// Nominee is a unit that an award's declared rule picks.
type Nominee struct {
	Award v1.Name
	Unit  v1.UnitCode
	Group v1.Name
	Rank  int
	Total decimal.Decimal
	// Reason is TopRank or JointRank.
	Reason Reason
}

// Why a unit is nominated.
const (
	TopRank   Reason = "TopRank"   // the rank is within the award's top
	JointRank Reason = "JointRank" // the same, shared with others
)

// Why a unit is not nominated, beside NotMeasured and BelowFloor.
const (
	RankTooLow       Reason = "RankTooLow"
	ScoreTooLow      Reason = "ScoreTooLow"
	TooManyMissing   Reason = "TooManyMissing"
	AlreadyNominated Reason = "AlreadyNominated" // for another award
)

// Nominate picks from lines that Rank has ranked, in their order: units within
// the award's top, joint ranks together, that have the least score and did not
// miss too many reports. The place of a unit that is left out is not filled by
// the next one: top names ranks, not a number of nominees. already maps units to
// the award they are nominated for; they are left out.
func Nominate(award v1.Award, lines []Line, already map[v1.UnitCode]v1.Name) ([]Nominee, error) {
	rule, err := readRule(award)
	if err != nil {
		return nil, err
	}
	var nominees []Nominee
	for i := range lines {
		line := &lines[i]
		if rule.refuses(line) != "" || already[line.Unit] != "" {
			continue
		}
		nominee := Nominee{award.Name, line.Unit, line.Group, line.Rank, line.Total, TopRank}
		if line.Joint {
			nominee.Reason = JointRank
		}
		nominees = append(nominees, nominee)
	}
	return nominees, nil
}

// NominateAll nominates for each award in declared order: a unit gets at most
// one form for one achievement, the first whose rule it meets.
func NominateAll(awards []v1.Award, lines []Line) ([]Nominee, error) {
	var all []Nominee
	already := map[v1.UnitCode]v1.Name{}
	for _, award := range awards {
		nominees, err := Nominate(award, lines, already)
		if err != nil {
			return nil, err
		}
		for _, nominee := range nominees {
			already[nominee.Unit] = award.Name
		}
		all = append(all, nominees...)
	}
	return all, nil
}

// WhyNot says for each unit of lines why Nominate, with the same arguments, left
// it out; units that it nominates are not in the map.
func WhyNot(award v1.Award, lines []Line, already map[v1.UnitCode]v1.Name) (map[v1.UnitCode]Reason, error) {
	rule, err := readRule(award)
	if err != nil {
		return nil, err
	}
	reasons := map[v1.UnitCode]Reason{}
	for i := range lines {
		line := &lines[i]
		reasons[line.Unit] = rule.refuses(line)
		if reasons[line.Unit] == "" && already[line.Unit] != "" {
			reasons[line.Unit] = AlreadyNominated
		}
	}
	maps.DeleteFunc(reasons, func(_ v1.UnitCode, reason Reason) bool { return reason == "" })
	return reasons, nil
}

// rule is an award's v1.Nominate, read.
type rule struct {
	top        int
	minScore   *decimal.Decimal
	maxMissing *int32
}

func readRule(award v1.Award) (rule, error) {
	r := rule{top: int(award.Nominate.Top), maxMissing: award.Nominate.MaxMissing}
	if award.Nominate.MinScore != "" {
		least, err := decimal.NewFromString(string(award.Nominate.MinScore))
		if err != nil {
			return r, fmt.Errorf("spec.awards[%s].nominate.minScore: %q is not a number", award.Name, award.Nominate.MinScore)
		}
		r.minScore = &least
	}
	return r, nil
}

// refuses says why the rule leaves a line out, "" when it does not.
func (r rule) refuses(line *Line) Reason {
	switch {
	case !line.Ranked:
		return line.Reason
	case line.Rank < 1 || line.Rank > r.top:
		return RankTooLow
	case r.minScore != nil && line.Total.LessThan(*r.minScore):
		return ScoreTooLow
	case r.maxMissing != nil && line.Missing > int(*r.maxMissing):
		return TooManyMissing
	}
	return ""
}
