package monitoring

import (
	"testing"

	"thidua.dev/thidua/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }
