package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"go.temporal.io/server/common/persistence"
	"go.temporal.io/server/common/persistence/serialization"
)

// checkShards refuses a number of history shards other than the one recorded
// at the first start. Temporal would go on with the recorded one and mention
// it at level warn; an operator who asked for more should know it did not
// happen.
func checkShards(ctx context.Context, db *database, want int) error {
	conn, err := db.connect(ctx, mainDatabase)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	var data []byte
	var encoding string
	err = conn.QueryRow(ctx,
		"SELECT data, data_encoding FROM cluster_metadata_info WHERE cluster_name = $1", clusterName,
	).Scan(&data, &encoding)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil // the first start records it
	}
	if err != nil {
		return fmt.Errorf("reading the recorded number of shards: %w", err)
	}
	metadata, err := serialization.NewSerializer().DeserializeClusterMetadata(persistence.NewDataBlob(data, encoding))
	if err != nil {
		return fmt.Errorf("reading the recorded number of shards: %w", err)
	}
	if got := int(metadata.GetHistoryShardCount()); got != want {
		return fmt.Errorf("--shards %d: these databases were made with %d, which can never change", want, got)
	}
	return nil
}
