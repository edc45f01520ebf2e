package manifest

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// expected says in words what each pattern of the schema asks for. A test holds
// it complete.
var expected = map[string]string{
	`^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$`:                                                                   "must be a date written year-month-day, such as 2021-10-15",
	`^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(Z|[+-]([01]\d|2[0-3]):[0-5]\d))?$`: "must be a date such as 2021-10-15, or a date with a time such as 2021-10-15T08:30:00+07:00",
	`^([01]\d|2[0-3]):[0-5]\d$`:                  `must be a time of day from 00:00 to 23:59, such as "08:30"`,
	`^\d{4}-(0[1-9]|1[0-2])$`:                    "must be a month written year-month, such as 2021-10",
	`^-?(0|[1-9]\d{0,14})(\.\d{1,6})?$`:          `must be a decimal written as a string, such as "50"`,
	`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`:            "must be lower-case letters, digits and dashes, such as covid-2021",
	`^[a-zA-Z][a-zA-Z0-9-]*$`:                    "must be letters, digits and dashes, beginning with a letter, such as ketQua",
	`^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$`: "must be letters without accents, digits, dots, dashes and underscores, such as BTTTT-01",
	`^[a-z][a-z0-9_]*$`:                          "must be lower-case letters, digits and underscores, such as provincial_department",
	`^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$`:  "must be letters, digits, dots and dashes, such as VN-2003",
}

// problems puts the API server's errors into words for people, with their places.
func (s *schema) problems(errs field.ErrorList, raw map[string]any, o origin) Problems {
	name, _ := raw["metadata"].(map[string]any)["name"].(string)
	object := objectKey{s.kind, name}.String()
	misshapen := map[string]bool{} // fields that fail their pattern: their length no longer matters
	mistyped := map[string]bool{}  // fields of the wrong type: nor does anything else
	for _, err := range errs {
		if _, ok := patternOf(err); ok {
			misshapen[err.Field] = true
		}
		if err.Type == field.ErrorTypeTypeInvalid {
			mistyped[err.Field] = true
		}
	}
	var problems Problems
	for _, err := range errs {
		if misshapen[err.Field] && (err.Type == field.ErrorTypeTooLong || strings.Contains(err.Detail, "chars long")) ||
			mistyped[err.Field] && err.Type != field.ErrorTypeTypeInvalid {
			continue
		}
		path := err.Field
		if path == "<nil>" {
			path = ""
		}
		if path == "metadata.name" && strings.Contains(err.Detail, "RFC 1123") || strings.HasPrefix(err.Detail, "metadata.name ") {
			path, err = "metadata.name", &field.Error{Detail: badName + exampleName[s.kind]} // said by the server's rule and by ours
		}
		value := plain(valueAt(raw, path))
		message := s.wording(err, path, value, o)
		if written := o.source(path); written != "" {
			value = written
		}
		switch {
		case err.Type == field.ErrorTypeRequired, err.Type == field.ErrorTypeTooMany, strings.HasPrefix(message, inQuotesWords):
			value = ""
		case err.Type == field.ErrorTypeDuplicate && value == "":
			if key, ok := err.BadValue.(map[string]any); ok && len(key) == 1 {
				value = plain(slices.Collect(maps.Values(key))[0])
			}
		}
		p := o.problem(object, path, value, message)
		p.Code, p.Other[0] = codeOf(err, message)
		if !slices.Contains(problems, p) {
			problems = append(problems, p)
		}
	}
	return problems
}

var shouldMatch = regexp.MustCompile(`should match '(.*)'$`)

func patternOf(err *field.Error) (string, bool) {
	if m := shouldMatch.FindStringSubmatch(err.Detail); m != nil {
		return m[1], true
	}
	return "", false
}

var bounds = regexp.MustCompile(`should be (greater|less) than or equal to (\S+)$`)
var sizes = regexp.MustCompile(`should (?:be at least|have at least) (\d+) (chars long|items)$`)

const badName = "must be lower-case letters, digits and dashes, at most 63, such as "

// valueAt is what an object holds at a field path, or nil.
func valueAt(v any, path string) any {
	for path != "" {
		path = strings.TrimPrefix(path, ".")
		if inside, rest, ok := bracket(path); ok {
			list, _ := v.([]any)
			n, err := strconv.Atoi(inside)
			if err != nil || n < 0 || n >= len(list) {
				return nil
			}
			v, path = list[n], rest
			continue
		}
		end := strings.IndexAny(path, ".[")
		if end < 0 {
			end = len(path)
		}
		m, _ := v.(map[string]any)
		v, path = m[path[:end]], path[end:]
	}
	return v
}

func (s *schema) wording(err *field.Error, path, value string, o origin) string {
	switch err.Type {
	case field.ErrorTypeRequired:
		if err.Detail != "" {
			return err.Detail
		}
		if d := s.description(path); d != "" {
			return "is missing (" + d + ")"
		}
		return "is missing"
	case field.ErrorTypeTypeInvalid:
		return s.wrongType(path, o)
	case field.ErrorTypeNotSupported:
		names := enum(s.at(path))
		return "must be " + oneOf(names) + didYouMean(value, names)
	case field.ErrorTypeDuplicate:
		return "is in the list twice"
	case field.ErrorTypeTooLong, field.ErrorTypeTooMany:
		if at := s.at(path); at != nil && at.ValueValidation != nil {
			// the validator looks at the length first; people care about the form
			if pattern := at.ValueValidation.Pattern; pattern != "" && expected[pattern] != "" && !regexp.MustCompile(pattern).MatchString(value) {
				return inWords(expected[pattern], value)
			}
			if n := at.ValueValidation.MaxLength; n != nil {
				return fmt.Sprintf("is too long; at most %s characters", thousands(int(*n)))
			}
			if n := at.ValueValidation.MaxItems; n != nil {
				return fmt.Sprintf("has too many items; at most %s", thousands(int(*n)))
			}
		}
	}
	detail := err.Detail
	if pattern, ok := patternOf(err); ok {
		words, ok := expected[pattern]
		if !ok {
			return "must match " + pattern
		}
		return inWords(words, value)
	}
	if m := bounds.FindStringSubmatch(detail); m != nil {
		return map[string]string{"greater": "must be " + m[2] + " or more", "less": "must be " + m[2] + " or less"}[m[1]]
	}
	if m := sizes.FindStringSubmatch(detail); m != nil {
		if m[2] == "items" {
			return "must have at least " + m[1] + " item"
		}
		return "must not be empty"
	}
	return detail
}

// patternCodes are the codes of what fails a pattern.
var patternCodes = map[string]string{
	"a date": NotDate, "a month": NotMonth, "a time": NotTime, "a decimal": NotNumber, "lower-case": NotName, "letters without": NotCode,
}

// codeOf is the code of a problem of the schema, with the limit that it is about.
func codeOf(err *field.Error, message string) (code, limit string) {
	if _, ok := patternOf(err); ok || strings.HasPrefix(message, badName) {
		if strings.HasPrefix(message, "is empty") {
			return EmptyText, ""
		}
		for begin, code := range patternCodes {
			if strings.HasPrefix(message, "must be "+begin) {
				return code, ""
			}
		}
	}
	if m := bounds.FindStringSubmatch(err.Detail); m != nil {
		return map[string]string{"greater": TooLittle, "less": TooMuch}[m[1]], m[2]
	}
	switch {
	case strings.HasPrefix(message, "must be a whole number"):
		return NotWhole, ""
	case strings.HasPrefix(message, inQuotesWords):
		return NotQuoted, ""
	case err.Type == field.ErrorTypeRequired:
		return Missing, ""
	case message == "must not be empty":
		return EmptyText, ""
	}
	return "", ""
}

func inWords(words, value string) string {
	if value == "" {
		return "is empty; it " + words
	}
	if strings.Contains(words, "decimal") && strings.Contains(value, ",") {
		words += ` (with a point, not a comma: "12.5")`
	}
	return words
}

// wrongType says what belongs into a field that holds something else.
func (s *schema) wrongType(path string, o origin) string {
	at := s.at(path)
	if at == nil {
		return "is of the wrong type"
	}
	switch at.Type {
	case "string":
		return o.inQuotes(path)
	case "integer":
		return "must be a whole number, without quotes, such as 5"
	case "boolean":
		return "must be true or false, without quotes"
	case "array":
		return `must be a list: lines that begin with "- "`
	}
	return `must be a group of fields: lines of "field: value", indented below it`
}

const inQuotesWords = "put it in quotes:"

// inQuotes is the advice for a number or boolean that stands where text is wanted.
func (o origin) inQuotes(path string) string {
	if o.node == nil {
		return "must be text"
	}
	at := o.find(path)
	switch {
	case !at.exact:
		return "must be text"
	case at.scalar == nil:
		return "must be text, not a list or a group of fields"
	case isNull(at.scalar):
		return "must be text, but nothing is written"
	}
	return fmt.Sprintf("%s %q", inQuotesWords, at.scalar.Value)
}

// source is the value as written in the file, or "".
func (o origin) source(path string) string {
	if o.node == nil || path == "" {
		return ""
	}
	if at := o.find(path); at.exact && at.scalar != nil {
		return at.scalar.Value
	}
	return ""
}

// plain prints a single value, and nothing for lists and groups.
func plain(v any) string {
	switch x := v.(type) {
	case string:
		return x
	case int64, int32, int, float64, bool:
		return fmt.Sprint(x)
	}
	return ""
}

// at is the schema of a field path, or nil.
func (s *schema) at(path string) *structuralschema.Structural {
	at := s.structural
	for rest := path; rest != "" && at != nil; {
		rest = strings.TrimPrefix(rest, ".")
		if _, tail, ok := bracket(rest); ok {
			at, rest = at.Items, tail
			continue
		}
		end := strings.IndexAny(rest, ".[")
		if end < 0 {
			end = len(rest)
		}
		child, ok := at.Properties[rest[:end]]
		if !ok {
			return nil
		}
		at, rest = &child, rest[end:]
	}
	return at
}

// description is the first sentence that the field's comment has about it.
func (s *schema) description(path string) string {
	at := s.at(path)
	if at == nil {
		return ""
	}
	text := strings.Join(strings.Fields(at.Description), " ")
	if i := strings.Index(text, ". "); i >= 0 {
		text = text[:i]
	}
	if i := strings.IndexAny(text, ";:"); i >= 0 {
		text = text[:i]
	}
	return strings.TrimSuffix(text, ".")
}

var fieldName = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// unknownField names the field that was probably meant.
func (s *schema) unknownField(path string, raw map[string]any, o origin) Problem {
	object := s.kind
	if m, ok := raw["metadata"].(map[string]any); ok {
		object = objectKey{s.kind, plain(m["name"])}.String()
	}
	parent, name := "", path
	for _, at := range slices.Backward(dots(path)) { // names may hold dots; the schema knows where they begin
		if s.at(path[:at]) != nil {
			parent, name = path[:at], path[at+1:]
			break
		}
	}
	var known []string
	if at := s.at(parent); at != nil {
		for k := range at.Properties {
			known = append(known, k)
		}
	}
	slices.Sort(known)
	where := s.kind
	if parent != "" {
		where = parent
	}
	if at := o.find(path); o.node != nil && at.exact && at.scalar != nil && isNull(at.scalar) && !fieldName.MatchString(name) {
		return o.problem(object, path, "", "unknown field; if it is the rest of a text, put the whole text in quotes, because of its comma")
	}
	message := "unknown field" + didYouMean(name, known)
	if !strings.HasSuffix(message, "?") && len(known) > 0 {
		message += "; " + where + " takes " + some(known)
	}
	return o.problem(object, path, "", message)
}

func dots(s string) (at []int) {
	for i := range len(s) {
		if s[i] == '.' {
			at = append(at, i)
		}
	}
	return at
}

func enum(at *structuralschema.Structural) (names []string) {
	if at == nil || at.ValueValidation == nil {
		return nil
	}
	for _, v := range at.ValueValidation.Enum {
		names = append(names, fmt.Sprint(v.Object))
	}
	return names
}

func oneOf(names []string) string {
	switch len(names) {
	case 0:
		return "one of the values of the schema"
	case 1:
		return names[0]
	}
	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
}

// some lists names, but not all of a long list.
func some(names []string) string {
	const limit = 12
	if len(names) == 0 {
		return "none"
	}
	if len(names) > limit {
		return strings.Join(names[:limit], ", ") + ", … and " + strconv.Itoa(len(names)-limit) + " more"
	}
	return strings.Join(names, ", ")
}

// didYouMean is `; did you mean "state"?` when one of names is close enough.
func didYouMean(given string, names []string) string {
	best, bestDistance := "", len(given)/3
	if bestDistance == 0 {
		return "" // 03 is as far from 01 as from anything
	}
	for _, name := range names {
		d := distance(strings.ToLower(given), strings.ToLower(name), bestDistance)
		if d < bestDistance || d == bestDistance && best == "" {
			best, bestDistance = name, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}

// hint is didYouMean, with more to say after it.
func hint(given string, names []string, more string) string {
	if d := didYouMean(given, names); d != "" {
		return d + " " + more
	}
	return "; " + more
}

// distance is how many letters have to be added, dropped, changed or swapped with
// their neighbour to get from a to b; more than limit when it is more.
func distance(a, b string, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit {
		return limit + 1
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, last, row = last, row, before
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := last[j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			row[j] = min(change, last[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return row[len(b)]
}
