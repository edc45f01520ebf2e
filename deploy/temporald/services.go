package main

import (
	"fmt"
	"time"

	"go.temporal.io/server/common/authorization"
	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/dynamicconfig"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/membership/static"
	"go.temporal.io/server/common/metrics"
	"go.temporal.io/server/common/primitives"
	"go.temporal.io/server/temporal"
	"go.uber.org/dig"
)

// clusterName is what Temporal calls the only cluster of an installation.
const clusterName = "active"

// newServices builds the four services of a Temporal server in this process.
func newServices(c Config, db *database, logger log.Logger) (temporal.Server, error) {
	handler, err := metrics.MetricsHandlerFromConfig(logger, metricsConfig(c))
	if err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	services := map[primitives.ServiceName]int{
		primitives.FrontendService: c.FrontendPort,
		primitives.HistoryService:  c.HistoryPort,
		primitives.MatchingService: c.MatchingPort,
		primitives.WorkerService:   c.WorkerPort,
	}
	hosts := map[primitives.ServiceName]static.Hosts{}
	for name, port := range services {
		hosts[name] = static.SingleLocalHost(c.dialAddress(port))
	}
	cfg := serviceConfig(c, db, services)
	s, err := temporal.NewServer(
		temporal.WithConfig(cfg),
		temporal.ForServices(temporal.DefaultServices),
		temporal.WithStaticHosts(hosts), // no gossip: everybody is here
		temporal.WithDynamicConfigClient(dynamicSettings(c)),
		temporal.WithLogger(logger),
		temporal.WithCustomMetricsHandler(handler), // or nobody closes its port
		// Who may connect is decided by mutual TLS alone.
		temporal.WithAuthorizer(authorization.NewNoopAuthorizer()),
		temporal.WithClaimMapper(func(*config.Config) authorization.ClaimMapper {
			return authorization.NewNoopClaimMapper()
		}),
	)
	if err != nil {
		handler.Stop(logger)
		return nil, dig.RootCause(err)
	}
	return s, nil
}

func serviceConfig(c Config, db *database, services map[primitives.ServiceName]int) *config.Config {
	const main, visibility = "main", "visibility"
	rpc := map[string]config.Service{}
	for name, port := range services {
		s := config.Service{RPC: config.RPC{GRPCPort: port, BindOnIP: c.Bind}}
		if name == primitives.FrontendService {
			s.RPC.HTTPPort = c.HTTPPort
		}
		rpc[string(name)] = s
	}
	frontend := c.dialAddress(c.FrontendPort)
	return &config.Config{
		Global: config.Global{
			Membership: config.Membership{MaxJoinDuration: 30 * time.Second},
			TLS:        c.TLS.serverConfig(),
		},
		Persistence: config.Persistence{
			DefaultStore:     main,
			VisibilityStore:  visibility,
			NumHistoryShards: int32(c.Shards),
			DataStores: map[string]config.DataStore{
				main:       {SQL: db.store(mainDatabase, c.MaxConns)},
				visibility: {SQL: db.store(visibilityDatabase, visibilityConns)},
			},
		},
		ClusterMetadata: &cluster.Config{
			FailoverVersionIncrement: 10,
			MasterClusterName:        clusterName,
			CurrentClusterName:       clusterName,
			ClusterInformation: map[string]cluster.ClusterInformation{
				clusterName: {Enabled: true, InitialFailoverVersion: 1, RPCAddress: frontend},
			},
		},
		DCRedirectionPolicy: config.DCRedirectionPolicy{Policy: "noop"},
		Services:            rpc,
		Archival: config.Archival{
			History:    config.HistoryArchival{State: "disabled"},
			Visibility: config.VisibilityArchival{State: "disabled"},
		},
		NamespaceDefaults: config.NamespaceDefaults{
			Archival: config.ArchivalNamespaceDefaults{
				History:    config.HistoryArchivalNamespaceDefaults{State: "disabled"},
				Visibility: config.VisibilityArchivalNamespaceDefaults{State: "disabled"},
			},
		},
		PublicClient: config.PublicClient{HostPort: frontend},
	}
}

// metricsConfig exports under the names that Temporal's published dashboards
// use; nil without a port.
func metricsConfig(c Config) *metrics.Config {
	if c.MetricsPort == 0 {
		return nil
	}
	return &metrics.Config{
		ClientConfig: metrics.ClientConfig{
			WithoutUnitSuffix:    true,
			WithoutCounterSuffix: true,
			RecordTimerInSeconds: true,
		},
		Prometheus: &metrics.PrometheusConfig{
			Framework:     metrics.FrameworkOpentelemetry, // its port is closed at stop
			ListenAddress: c.listenAddress(c.MetricsPort),
			HandlerPath:   "/metrics",
		},
	}
}

// dynamicSettings fits the server to one small machine.
func dynamicSettings(c Config) dynamicconfig.Client {
	s := dynamicconfig.StaticClient{
		// It would ask a server on the internet.
		dynamicconfig.EnableServerVersionCheck.Key(): false,
		// One partition: no empty polls, and rate limits that hold.
		dynamicconfig.MatchingNumTaskqueueReadPartitions.Key():  1,
		dynamicconfig.MatchingNumTaskqueueWritePartitions.Key(): 1,
		// New search attributes count at once, not after minutes.
		dynamicconfig.ForceSearchAttributesCacheRefreshOnRead.Key(): true,
		// The limits protect a shared database; this one is ours.
		dynamicconfig.FrontendPersistenceMaxQPS.Key():                    10000,
		dynamicconfig.HistoryPersistenceMaxQPS.Key():                     45000,
		dynamicconfig.FrontendMaxNamespaceVisibilityRPSPerInstance.Key(): 100,
		// Workers find their number of pollers by load.
		dynamicconfig.PollerAutoscalingAutoEnroll.Key():  true,
		dynamicconfig.HistoryCacheHostLevelMaxSize.Key(): 8192,
	}
	if c.FastTimers {
		s[dynamicconfig.TimerProcessorMaxTimeShift.Key()] = 10 * time.Millisecond
	}
	return s
}
