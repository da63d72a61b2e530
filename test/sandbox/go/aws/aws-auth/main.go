// Reads ConfigMaps as aws-iam-authenticator does, with its own reader: one JSON object of a ConfigMap's data a line, one answer a line.
package main

import (
	"bufio"
	"encoding/json"
	"io"
	"log"
	"os"

	"github.com/sirupsen/logrus"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/aws-iam-authenticator/pkg/config"
	"sigs.k8s.io/aws-iam-authenticator/pkg/mapper/configmap"
)

const maxLine = 16 << 20

type answer struct {
	Roles []config.RoleMapping `json:"roles"`
	Users []config.UserMapping `json:"users"`
	// Error is what the authenticator logs; it uses what it could read all the same.
	Error string `json:"error,omitempty"`
	// Unreadable lists the keys whose text is no YAML to it, so that it reads nothing of them.
	Unreadable []string `json:"unreadable,omitempty"`
}

func read(data map[string]string) answer {
	users, roles, _, err := configmap.ParseMap(data)
	found := answer{Roles: roles, Users: users}
	if err == nil {
		return found
	}
	found.Error = err.Error()
	for _, key := range []string{"mapRoles", "mapUsers"} {
		if _, err := utilyaml.ToJSON([]byte(data[key])); err != nil {
			found.Unreadable = append(found.Unreadable, key)
		}
	}
	return found
}

func main() {
	logrus.SetOutput(io.Discard)
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, maxLine)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var data map[string]string
		if err := json.Unmarshal(lines.Bytes(), &data); err != nil {
			log.Fatal(err)
		}
		if err := out.Encode(read(data)); err != nil {
			log.Fatal(err)
		}
	}
	if err := lines.Err(); err != nil {
		log.Fatal(err)
	}
}
