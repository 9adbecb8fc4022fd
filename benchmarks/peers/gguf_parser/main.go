// Estimates of gguf-parser-go for one model at several settings.
//
// Arguments: the model, and its projector where it has one. Each line of the input is a setting as JSON, each line of
// the output the estimate of the processor's memory for it, nothing offloaded and nothing mapped, in bytes.
package main

import (
	"bufio"
	"encoding/json"
	"os"
	"time"

	parser "github.com/gpustack/gguf-parser-go"
)

type setting struct {
	Context  int32  `json:"context"`
	Parallel int32  `json:"parallel"`
	KVType   string `json:"kv_type"`
	Flash    bool   `json:"flash_attention"`
}

type estimate struct {
	Weights   uint64  `json:"weights_bytes"`
	KV        uint64  `json:"kv_bytes"`
	Graph     uint64  `json:"graph_bytes"`
	Footprint uint64  `json:"footprint_bytes"`
	Projector uint64  `json:"projector_bytes"`
	Seconds   float64 `json:"seconds"`
}

var types = map[string]parser.GGMLType{
	"f16":  parser.GGMLTypeF16,
	"q8_0": parser.GGMLTypeQ8_0,
	"q4_0": parser.GGMLTypeQ4_0,
}

func main() {
	begun := time.Now()
	model := read(os.Args[1])
	var projector *parser.GGUFFile
	if len(os.Args) > 2 {
		projector = read(os.Args[2])
	}
	seconds := time.Since(begun).Seconds()
	lines, out := bufio.NewScanner(os.Stdin), json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var asked setting
		check(json.Unmarshal(lines.Bytes(), &asked))
		found := estimated(model, projector, asked)
		found.Seconds = seconds
		check(out.Encode(found))
	}
}

func read(path string) *parser.GGUFFile {
	file, err := parser.ParseGGUFFile(path)
	check(err)
	return file
}

func estimated(model, projector *parser.GGUFFile, asked setting) estimate {
	options := []parser.GGUFRunEstimateOption{
		parser.WithLLaMACppContextSize(asked.Context * asked.Parallel),
		parser.WithParallelSize(asked.Parallel),
		parser.WithLLaMACppPhysicalBatchSize(512),
		parser.WithLLaMACppLogicalBatchSize(512),
		parser.WithLLaMACppCacheKeyType(types[asked.KVType]),
		parser.WithLLaMACppCacheValueType(types[asked.KVType]),
		parser.WithLLaMACppOffloadLayers(0),
	}
	if asked.Flash {
		options = append(options, parser.WithFlashAttention())
	}
	var found estimate
	if projector != nil {
		eyes := projector.EstimateLLaMACppRun(parser.WithLLaMACppOffloadLayers(0))
		found.Projector = total(eyes.Devices[0])
		options = append(options, parser.WithLLaMACppProjector(&eyes))
	}
	processor := model.EstimateLLaMACppRun(options...).Devices[0]
	found.Weights = uint64(processor.Weight.Sum())
	found.KV = uint64(processor.KVCache.Sum())
	found.Graph = uint64(processor.Computation.Sum())
	found.Footprint = uint64(processor.Footprint)
	return found
}

func total(device parser.LLaMACppRunDeviceUsage) uint64 {
	return uint64(device.Footprint + device.Weight.Sum() + device.KVCache.Sum() + device.Computation.Sum())
}

func check(err error) {
	if err != nil {
		os.Stderr.WriteString(err.Error() + "\n")
		os.Exit(1)
	}
}
