package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
	"github.com/temporalio/ui-server/v2/server/api"
	"github.com/temporalio/ui-server/v2/server/auth"
	"github.com/temporalio/ui-server/v2/server/config"
	"github.com/temporalio/ui-server/v2/server/cors"
	"github.com/temporalio/ui-server/v2/server/csrf"
	"github.com/temporalio/ui-server/v2/server/headers"
	"github.com/temporalio/ui-server/v2/server/route"
	"github.com/temporalio/ui-server/v2/ui"
)

// uiServer is Temporal's web UI on a listener of ours.
//
// It is put together from the UI's own routes and middleware, in the order of
// its server.NewServer. That server itself is of no use inside another
// program: it panics on a bad setting and ends the process when its port is
// taken.
type uiServer struct {
	listener net.Listener
	http     *http.Server
	// Failed receives at most one error: the UI stopped serving by itself.
	Failed chan error
}

// newUI takes the port and prepares the UI; serve lets it answer.
func newUI(c Config) (*uiServer, error) {
	handler, err := uiHandler(uiConfig(c))
	if err != nil {
		return nil, fmt.Errorf("ui: %w", err)
	}
	address := c.listenAddress(c.UIPort)
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, portError(port{"ui-port", c.UIPort}, address, err)
	}
	return &uiServer{
		listener: l,
		http:     &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second},
		Failed:   make(chan error, 1),
	}, nil
}

func (u *uiServer) serve() {
	go func() {
		if err := u.http.Serve(u.listener); !errors.Is(err, http.ErrServerClosed) {
			u.Failed <- fmt.Errorf("ui: %w", err)
		}
	}()
}

// stop lets running requests finish for a moment.
func (u *uiServer) stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if u.http.Shutdown(ctx) == nil {
		return nil
	}
	return errors.Join(u.http.Close(), u.listener.Close())
}

func uiConfig(c Config) *config.Config {
	return &config.Config{
		TemporalGRPCAddress: c.dialAddress(c.FrontendPort),
		Host:                c.Bind,
		Port:                c.UIPort,
		TLS: config.TLS{
			CaFile:                 c.TLS.CA,
			CertFile:               c.TLS.Cert,
			KeyFile:                c.TLS.Key,
			ServerName:             c.TLS.ServerName,
			EnableHostVerification: c.TLS.enabled(),
		},
		EnableUI:         true,
		HideLogs:         true,
		DefaultNamespace: c.Namespace,
		Distribution:     "server",
		CORS:             config.CORS{CookieInsecure: true}, // plain http on loopback
		// Nothing is fetched from the internet, neither by us nor by the browser.
		DisableNewsFetch:   true,
		NotifyOnNewVersion: false,
		// The first is enforced by the UI's server, the others hide the buttons.
		DisableWriteActions:       c.UIReadOnly,
		WorkflowTerminateDisabled: c.UIReadOnly,
		WorkflowCancelDisabled:    c.UIReadOnly,
		WorkflowSignalDisabled:    c.UIReadOnly,
		WorkflowUpdateDisabled:    c.UIReadOnly,
		WorkflowResetDisabled:     c.UIReadOnly,
		WorkflowPauseDisabled:     c.UIReadOnly,
		BatchActionsDisabled:      c.UIReadOnly,
		StartWorkflowDisabled:     c.UIReadOnly,
		ActivityCommandsDisabled:  c.UIReadOnly,
	}
}

func uiHandler(cfg *config.Config) (http.Handler, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	provider, err := config.NewConfigProviderWithRefresh(cfg)
	if err != nil {
		return nil, err
	}
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.Use(middleware.Recover())
	e.Use(middleware.Gzip())
	e.Use(cors.CORSMiddleware(cors.CORSConfig{
		AllowHeaders: []string{
			echo.HeaderOrigin, echo.HeaderContentType, echo.HeaderAccept,
			echo.HeaderXCSRFToken, echo.HeaderAuthorization, auth.AuthorizationExtrasHeader,
			"Caller-Type",
		},
		AllowCredentials: true,
		ConfigProvider:   provider,
	}))
	e.Use(middleware.Secure())
	secureCookie := !cfg.CORS.CookieInsecure
	e.Use(csrf.EnsureTokenCookie(secureCookie))
	e.Use(middleware.CSRFWithConfig(csrf.MiddlewareConfig(provider, secureCookie)))

	e.Pre(route.PublicPath(cfg.PublicPath))
	route.SetHealthRoute(e)
	forward := headers.WithForwardHeaders([]string{auth.AuthorizationExtrasHeader, "Caller-Type"})
	if err := route.SetAPIRoutes(e, provider, []api.Middleware{forward}); err != nil {
		return nil, err
	}
	route.SetAuthRoutes(e, provider)
	assets, err := ui.Assets()
	if err != nil {
		return nil, err
	}
	assets, err = fs.Sub(assets, "local")
	if err != nil {
		return nil, err
	}
	if err := route.SetUIRoutes(e, cfg.PublicPath, assets, provider); err != nil {
		return nil, err
	}
	route.SetRenderRoute(e, "/")
	return e, nil
}
