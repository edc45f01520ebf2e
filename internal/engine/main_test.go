package engine

import (
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"thidua.dev/thidua/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// Verify holds a world to its acts when its test has ended, whatever it was about: none
// may look like one that somebody has altered. Package verify imports this one, so
// verify_test.go sets it from outside. What a test has put into tables by hand no act
// knows: findings whose text has the last parameter in it are left out.
var Verify = func(_ testing.TB, _ *pgxpool.Pool, _ string) {}
