// Reads a PrometheusRule or a PodMonitor from standard input by the Prometheus Operator's own types: unknown fields are errors.
package main

import (
	"fmt"
	"io"
	"os"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"sigs.k8s.io/yaml"
)

func main() {
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
	var head struct{ APIVersion, Kind string }
	if err := yaml.Unmarshal(raw, &head); err != nil {
		return err
	}
	if head.APIVersion != monitoring.SchemeGroupVersion.String() {
		return fmt.Errorf("apiVersion %q is not %s", head.APIVersion, monitoring.SchemeGroupVersion)
	}
	switch head.Kind {
	case monitoring.PrometheusRuleKind:
		return yaml.UnmarshalStrict(raw, &monitoring.PrometheusRule{})
	case monitoring.PodMonitorsKind:
		return yaml.UnmarshalStrict(raw, &monitoring.PodMonitor{})
	}
	return fmt.Errorf("kind %q is not known", head.Kind)
}
