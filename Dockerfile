# larder as an image, in place of registry:2's. From the top of a clone:
#
#	docker build -t bakery-registry scripts/local-registry
#	docker run -d -p 5000:5000 -v registry:/var/lib/registry bakery-registry
#
# (scripts/local-registry is a link to this directory: the image is built from the sources.)
# Without more it is a registry of your own; -e REGISTRY_PROXY_REMOTEURL=https://registry-1.docker.io
# makes it a cache of Docker Hub, -e LARDER_MIRROR=true one of the other public registries, too.
# docs/deploy.md has the rest.
ARG BASE=debian:12-slim

FROM ${BASE} AS build
WORKDIR /src
COPY scripts/deps.sh scripts/
RUN scripts/deps.sh build
COPY . .
# Beside the program, the packages that bring the libraries it was linked with: so the list below
# cannot be behind meson.build.
RUN meson setup build --buildtype=release --prefix=/usr -Dtests=false && \
	ninja -C build && DESTDIR=/out meson install -C build --no-rebuild --strip && \
	readelf -d /out/usr/bin/larder | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | \
	while read -r library; do dpkg-query -S "*/$library" || exit 1; done | \
	sed 's/:.*//' | sort -u >/packages

FROM ${BASE}
COPY --from=build /packages /tmp/packages
# A volume gets the owner of the directory it is first mounted on. registry is what the program of
# registry:2 is called, where its entry point is named.
RUN apt-get update -q && \
	DEBIAN_FRONTEND=noninteractive xargs apt-get install -q -y --no-install-recommends \
		ca-certificates </tmp/packages && \
	rm -rf /tmp/packages /var/lib/apt/lists/* /var/cache/apt/*.bin /var/log/*.log /var/log/apt && \
	groupadd --system --gid 1000 larder && \
	useradd --system --uid 1000 --gid 1000 --no-create-home --home-dir /nonexistent \
		--shell /usr/sbin/nologin larder && \
	install -d -o larder -g larder -m 0755 /var/lib/registry && \
	ln -s larder /usr/bin/registry
COPY --from=build /out/usr/bin/larder /usr/bin/larder
COPY LICENSE /usr/share/doc/larder/copyright
COPY --from=build /usr/share/doc/libarchive-dev/copyright /usr/share/doc/libarchive/copyright
COPY examples/docker/config.yml /etc/docker/registry/config.yml

ARG BASE
LABEL org.opencontainers.image.title="larder" \
	org.opencontainers.image.version="0.1.0" \
	org.opencontainers.image.base.name="${BASE}" \
	org.opencontainers.image.description="Pull-through cache and registry for container images" \
	org.opencontainers.image.licenses="Apache-2.0"

# The same settings for whatever is run in the container.
ENV LARDER_CONFIG=/etc/docker/registry/config.yml
USER 1000:1000
VOLUME /var/lib/registry
EXPOSE 5000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 \
	CMD ["larder", "status", "--ready"]
ENTRYPOINT ["larder"]
CMD ["serve"]
