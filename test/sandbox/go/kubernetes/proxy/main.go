// Says which proxy Go's programs (kubelet, containerd) use: a question a line in, an answer a line out.
package main

import (
	"bufio"
	"encoding/json"
	"net/url"
	"os"

	"golang.org/x/net/http/httpproxy"
)

type question struct {
	Environment map[string]string `json:"environment"`
	URL         string            `json:"url"`
}

type answer struct {
	// Empty for a direct connection.
	Proxy string `json:"proxy"`
	Error string `json:"error,omitempty"`
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	answers := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var asked question
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			panic(err)
		}
		if err := answers.Encode(ask(asked)); err != nil {
			panic(err)
		}
	}
}

func ask(asked question) answer {
	os.Clearenv()
	for name, value := range asked.Environment {
		os.Setenv(name, value)
	}
	target, err := url.Parse(asked.URL)
	if err != nil {
		return answer{Error: err.Error()}
	}
	proxy, err := httpproxy.FromEnvironment().ProxyFunc()(target)
	if err != nil {
		return answer{Error: err.Error()}
	}
	if proxy == nil {
		return answer{}
	}
	return answer{Proxy: proxy.String()}
}
