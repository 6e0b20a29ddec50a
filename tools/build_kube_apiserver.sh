#!/usr/bin/env bash
# Builds a real Kubernetes API server and puts it, with etcd, into FOLDER/bin: tools/build_kube_apiserver.sh FOLDER
#
# From the package sources of Debian 12, wherever the machine's apt has them from. Nothing is installed, and nobody needs
# to be root. No package holds this server; the source of Debian's kubectl has all of it, with what it is built from.
# Takes 5 minutes of CPU, 3 GB while it builds, 130 MB after.
set -euo pipefail

folder=$(realpath -m "$1")
work=$folder/work
mkdir -p "$folder/bin" "$work"/{sources,lists/partial,archives/partial,packages}
cd "$work"

# The machine's own list of sources, with those of source code, which few machines have in theirs.
for list in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
  [ ! -f "$list" ] || sed -n 's/^deb\([[:space:]].*\)/deb\1\ndeb-src\1/p' "$list" > "sources/$(basename "$list")"
done
for list in /etc/apt/sources.list.d/*.sources; do
  [ ! -f "$list" ] || sed 's/^Types:.*/Types: deb deb-src/' "$list" > "sources/$(basename "$list")"
done
apart=(-qq -o APT::Sandbox::User= -o Dir::Etc::SourceList=/dev/null -o "Dir::Etc::SourceParts=$work/sources"
  -o "Dir::State::Lists=$work/lists" -o "Dir::Cache=$work")
apt-get "${apart[@]}" update
apt-get "${apart[@]}" download etcd-server golang-1.19-go golang-1.19-src golang-github-modern-go-reflect2-dev
apt-get "${apart[@]}" source --download-only kubernetes
for package in *.deb; do
  dpkg-deb -x "$package" packages
done
mkdir -p go/src/k8s.io
dpkg-source -x kubernetes_*.dsc go/src/k8s.io/kubernetes > unpacked.log

export GOPATH=$work/go GOCACHE=$work/cache GO111MODULE=off GOPROXY=off GOFLAGS= CGO_ENABLED=0
export GOROOT=$work/packages/usr/lib/go-1.19
go=$GOROOT/bin/go
cd "$GOPATH/src/k8s.io/kubernetes"

# The one that came with it is older than this Go: with it, the server crashes on the first custom resource.
rm -r vendor/github.com/modern-go/reflect2
cp -rL "$work/packages/usr/share/gocode/src/github.com/modern-go/reflect2" vendor/github.com/modern-go/

# One file is no part of the source: the description of Kubernetes' own kinds, which is made of comments in their code.
"$go" build -o "$work/openapi-gen" ./vendor/k8s.io/kube-openapi/cmd/openapi-gen
described=$(
  grep -rl --include='*.go' '+k8s:openapi-gen=' pkg staging/src/k8s.io |
    grep -v -e _test.go -e zz_generated -e code-generator/ -e sample-apiserver/ -e generators/ -e testdata/ |
    sed -e 's#^staging/src/#vendor/#' -e 's#^#k8s.io/kubernetes/#' -e 's#/[^/]*$##' | sort -u | paste -sd,
)
"$work/openapi-gen" -O zz_generated.openapi -i "$described" -p k8s.io/kubernetes/pkg/generated/openapi \
  -r "$work/violations" --go-header-file vendor/k8s.io/code-generator/hack/boilerplate.go.txt

"$go" build -trimpath -ldflags "-s -w" -o "$folder/bin/kube-apiserver" ./cmd/kube-apiserver
cp "$work/packages/usr/bin/etcd" "$folder/bin/"
cd "$folder"
chmod -R u+w work
rm -r work
