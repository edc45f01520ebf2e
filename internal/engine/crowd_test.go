package engine

import (
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"thidua.dev/thidua/internal/store/storetest"
)

// country is 63 provinces, 705 districts and 10,599 communes, as in 2021.
const country = 63 + 705 + 10_599

func crowdCode(i int) string { return fmt.Sprintf("U%05d", i) }

// crowd is a running campaign of many units in three tiers. All have contacts,
// follow the calendar of the state and have registered. They are put into the
// tables by one statement each: declaring so many is not what is tested.
func crowd(t testing.TB, n int, edits ...string) *world {
	t.Helper()
	return crowdOn(t, storetest.Pool(t), n, edits...)
}

func crowdOn(t testing.TB, pool *pgxpool.Pool, n int, edits ...string) *world {
	t.Helper()
	w := onPool(t, pool)
	w.handmade = " for registration of "
	w.ok(w.SetStepped(t.Context(), at("2021-09-07 08:00")))
	w.apply(fixture(t, edits...))
	w.ok(w.Launch(t.Context(), By(office, ""), name, LaunchOptions{}))
	for _, sql := range []string{
		`DELETE FROM participant`,
		`INSERT INTO participant SELECT c.id, 'U' || to_char(i, 'fm00000'), 'Đơn vị ' || i, 'unit', 'g' || i % 97, 'state',
			CASE WHEN i < 63 THEN 'SO' WHEN i < 768 THEN 'U' || to_char(i % 63, 'fm00000')
			ELSE 'U' || to_char(63 + i % 705, 'fm00000') END
		FROM campaign c, generate_series(0, @n - 1) i`,
		`INSERT INTO contact SELECT unit, role, '', lower(unit) || '@units.example'
			FROM participant, unnest(ARRAY['FocalPoint', 'Leader']) role`,
	} {
		_, err := pool.Exec(t.Context(), sql, pgx.NamedArgs{"n": n})
		w.ok(err)
	}
	w.jump("2021-09-07 14:00")
	w.work()
	_, err := pool.Exec(t.Context(), `WITH o AS (UPDATE obligation SET state = 'Settled', received_at = ladder_from,
		settled_at = ladder_from, next_at = NULL, next_seq = NULL WHERE kind = 'Registration' RETURNING 1),
		m AS (UPDATE message SET state = 'Superseded') UPDATE notice SET state = 'Superseded'`)
	w.ok(err)
	return w
}
