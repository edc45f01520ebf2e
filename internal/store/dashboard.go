package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// DashboardRole reads the views of schema dashboard, and nothing else.
const DashboardRole = "thidua_grafana"

// AdmitDashboards lets the role in by a password.
func AdmitDashboards(ctx context.Context, url, password string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return fmt.Errorf("database: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	// A statement about a role takes no parameters; Postgres itself quotes the password.
	var statement string
	if err := conn.QueryRow(ctx, `SELECT format('ALTER ROLE %I LOGIN PASSWORD %L', $1::text, $2::text)`, DashboardRole, password).Scan(&statement); err != nil {
		return fmt.Errorf("password of %s: %w", DashboardRole, err)
	}
	if _, err := conn.Exec(ctx, statement); err != nil {
		return fmt.Errorf("password of %s: %w", DashboardRole, err)
	}
	return nil
}
