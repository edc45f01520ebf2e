package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	namespacepb "go.temporal.io/api/namespace/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/types/known/durationpb"
)

// searchAttributes are what the workflows of the namespace are listed by.
var searchAttributes = map[string]enumspb.IndexedValueType{
	"ThiduaCampaign": enumspb.INDEXED_VALUE_TYPE_KEYWORD,
	"ThiduaKind":     enumspb.INDEXED_VALUE_TYPE_KEYWORD,
	"ThiduaPhase":    enumspb.INDEXED_VALUE_TYPE_KEYWORD,
	"ThiduaNextAt":   enumspb.INDEXED_VALUE_TYPE_DATETIME,
}

// namespaceRetry is the pause between two tries while the server warms up.
const namespaceRetry = 50 * time.Millisecond

// ensureNamespace registers the namespace with its retention and search
// attributes where they are missing, and returns once a client can use all of
// it: the server caches namespaces and learns of changes with a delay.
func ensureNamespace(ctx context.Context, c Config, log *slog.Logger) error {
	tlsConfig, err := c.TLS.clientConfig()
	if err != nil {
		return err
	}
	sdk, err := client.NewLazyClient(client.Options{
		HostPort:          c.dialAddress(c.FrontendPort),
		Namespace:         c.Namespace,
		Identity:          "temporald",
		Logger:            log,
		ConnectionOptions: client.ConnectionOptions{TLS: tlsConfig},
	})
	if err != nil {
		return fmt.Errorf("system client: %w", err)
	}
	defer sdk.Close()
	steps := []struct {
		name string
		do   func(context.Context, Config, client.Client) error
	}{
		{"registering", registerNamespace},
		{"adding search attributes to", addSearchAttributes},
		{"using", useNamespace},
	}
	for _, s := range steps {
		if err := retry(ctx, func() error { return s.do(ctx, c, sdk) }); err != nil {
			return fmt.Errorf("%s namespace %s: %w", s.name, c.Namespace, err)
		}
	}
	return nil
}

// permanentError ends a retry.
type permanentError struct{ error }

func (e permanentError) Unwrap() error { return e.error }

// retry calls f until it succeeds, fails for good or the context ends; then
// the last failure says more than "deadline exceeded".
func retry(ctx context.Context, f func() error) error {
	for {
		err := f()
		var permanent permanentError
		if err == nil || errors.As(err, &permanent) {
			return err
		}
		if cause := sleep(ctx, namespaceRetry); cause != nil {
			if errors.Is(cause, context.Canceled) {
				return cause
			}
			return err
		}
	}
}

func registerNamespace(ctx context.Context, c Config, sdk client.Client) error {
	service := sdk.WorkflowService()
	found, err := service.DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: c.Namespace})
	var missing *serviceerror.NamespaceNotFound
	switch {
	case errors.As(err, &missing):
		_, err = service.RegisterNamespace(ctx, &workflowservice.RegisterNamespaceRequest{
			Namespace:                        c.Namespace,
			WorkflowExecutionRetentionPeriod: durationpb.New(c.Retention),
		})
		var exists *serviceerror.NamespaceAlreadyExists
		if errors.As(err, &exists) {
			return nil
		}
		return refuse(err)
	case err != nil:
		return refuse(err)
	case found.GetConfig().GetWorkflowExecutionRetentionTtl().AsDuration() == c.Retention:
		return nil
	}
	_, err = service.UpdateNamespace(ctx, &workflowservice.UpdateNamespaceRequest{
		Namespace: c.Namespace,
		Config:    &namespacepb.NamespaceConfig{WorkflowExecutionRetentionTtl: durationpb.New(c.Retention)},
	})
	return refuse(err)
}

func addSearchAttributes(ctx context.Context, c Config, sdk client.Client) error {
	operator := sdk.OperatorService()
	list, err := operator.ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: c.Namespace})
	if err != nil {
		return err
	}
	missing := map[string]enumspb.IndexedValueType{}
	for name, want := range searchAttributes {
		switch got, found := list.GetCustomAttributes()[name]; {
		case !found:
			missing[name] = want
		case got != want:
			return permanentError{fmt.Errorf("%s is there as %s, it should be %s", name, got, want)}
		}
	}
	if len(missing) == 0 {
		return nil
	}
	_, err = operator.AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{
		Namespace:        c.Namespace,
		SearchAttributes: missing,
	})
	return err
}

// useNamespace asks what fails until both the namespace and the names of its
// search attributes have reached the frontend's cache.
func useNamespace(ctx context.Context, c Config, sdk client.Client) error {
	service := sdk.WorkflowService()
	if _, err := service.DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: c.Namespace}); err != nil {
		return err
	}
	var terms []string
	for _, name := range slices.Sorted(maps.Keys(searchAttributes)) {
		terms = append(terms, name+" IS NOT NULL")
	}
	_, err := service.CountWorkflowExecutions(ctx, &workflowservice.CountWorkflowExecutionsRequest{
		Namespace: c.Namespace,
		Query:     strings.Join(terms, " AND "),
	})
	return err
}

// refuse makes the server's "invalid argument" final: a namespace name or a
// retention that it rejects is rejected again next time.
func refuse(err error) error {
	var invalid *serviceerror.InvalidArgument
	if errors.As(err, &invalid) {
		return permanentError{err}
	}
	return err
}
