// A device plugin that offers emulated GPUs through kubelet's own API: what NVIDIA's plugin is on a real machine.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	api "k8s.io/kubelet/pkg/apis/deviceplugin/v1beta1"
)

const (
	resource = "nvidia.com/gpu"
	socket   = "eks-satellite-stand-in.sock"
)

type plugin struct {
	api.UnimplementedDevicePluginServer
	ids []string
	// A harmless device of the machine, in place of a GPU.
	device string
}

func (p *plugin) GetDevicePluginOptions(context.Context, *api.Empty) (*api.DevicePluginOptions, error) {
	return &api.DevicePluginOptions{}, nil
}

// ListAndWatch reports every device once, all healthy, and then keeps the stream open.
func (p *plugin) ListAndWatch(_ *api.Empty, stream api.DevicePlugin_ListAndWatchServer) error {
	devices := make([]*api.Device, 0, len(p.ids))
	for _, id := range p.ids {
		devices = append(devices, &api.Device{ID: id, Health: api.Healthy})
	}
	if err := stream.Send(&api.ListAndWatchResponse{Devices: devices}); err != nil {
		return err
	}
	<-stream.Context().Done()
	return nil
}

// Allocate gives a container what NVIDIA's plugin gives it: the variable by which the runtime finds the GPUs, and a device.
func (p *plugin) Allocate(_ context.Context, request *api.AllocateRequest) (*api.AllocateResponse, error) {
	response := &api.AllocateResponse{}
	for _, container := range request.ContainerRequests {
		ids := container.DevicesIds
		log.Printf("allocated %s", strings.Join(ids, ","))
		response.ContainerResponses = append(response.ContainerResponses, &api.ContainerAllocateResponse{
			Envs:    map[string]string{"NVIDIA_VISIBLE_DEVICES": strings.Join(ids, ",")},
			Devices: []*api.DeviceSpec{{HostPath: p.device, ContainerPath: "/dev/nvidia0", Permissions: "rw"}},
		})
	}
	return response, nil
}

func main() {
	folder := flag.String("folder", api.DevicePluginPath, "where kubelet's socket is")
	ids := flag.String("ids", "GPU-0,GPU-1", "the devices to offer, by comma")
	device := flag.String("device", "/dev/zero", "the device that a container gets")
	flag.Parse()
	for {
		if err := serve(*folder, &plugin{ids: strings.Split(*ids, ","), device: *device}); err != nil {
			log.Print(err)
		}
		time.Sleep(time.Second)
	}
}

// serve offers the devices until kubelet is another one: that removes every socket in its folder, and knows no plugin.
func serve(folder string, p *plugin) error {
	path := filepath.Join(folder, socket)
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		return err
	}
	listener, err := net.Listen("unix", path)
	if err != nil {
		return err
	}
	server := grpc.NewServer()
	api.RegisterDevicePluginServer(server, p)
	go func() { _ = server.Serve(listener) }()
	defer server.Stop()
	if err := register(filepath.Join(folder, "kubelet.sock")); err != nil {
		return fmt.Errorf("kubelet does not take the plugin: %w", err)
	}
	log.Print("registered")
	for {
		if _, err := os.Stat(path); err != nil {
			return fmt.Errorf("kubelet was restarted: %w", err)
		}
		time.Sleep(200 * time.Millisecond)
	}
}

func register(kubelet string) error {
	connection, err := grpc.NewClient("unix://"+kubelet, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer connection.Close()
	within, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_, err = api.NewRegistrationClient(connection).Register(within, &api.RegisterRequest{
		Version:      api.Version,
		Endpoint:     socket,
		ResourceName: resource,
	})
	return err
}
