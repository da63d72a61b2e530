// Reads a Grafana dashboard from standard input as strictly as Grafana's own SDK can: unknown and missing fields are errors.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

func main() {
	plugins.RegisterDefaultPlugins()
	raw, err := io.ReadAll(os.Stdin)
	if err == nil {
		err = read(raw)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func read(raw []byte) error {
	var read dashboard.Dashboard
	if err := read.UnmarshalJSONStrict(raw); !isNone(err) {
		return err
	}
	return read.Validate()
}

// The SDK returns a list of errors that is empty, and not nil, when there are none.
func isNone(err error) bool {
	var all cog.BuildErrors
	return err == nil || errors.As(err, &all) && len(all) == 0
}
