// CoreDNS with the plugins of the cache on a node, and no others: the published image has all of them.
package main

import (
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/coremain"

	_ "github.com/coredns/coredns/plugin/acl"
	_ "github.com/coredns/coredns/plugin/bind"
	_ "github.com/coredns/coredns/plugin/cache"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/forward"
	_ "github.com/coredns/coredns/plugin/health"
	_ "github.com/coredns/coredns/plugin/metrics"
	_ "github.com/coredns/coredns/plugin/reload"
	_ "github.com/coredns/coredns/plugin/template"
)

func init() {
	// In the order of CoreDNS's own plugin.cfg.
	dnsserver.Directives = []string{
		"reload", "bind", "health", "prometheus", "errors", "acl", "cache", "template", "forward",
	}
}

func main() {
	coremain.Run()
}
