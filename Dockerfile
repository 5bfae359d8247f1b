# Aoba in a container, as a user without rights. How it is used stands in docs/container.md.
#
# Everything is installed from requirements.txt, exact to the hash, and nothing is fetched by Aoba
# itself. The second stage has neither pip's cache nor the sources.

FROM python:3.13-slim AS build
RUN python -m venv /opt/aoba
WORKDIR /build
COPY requirements.txt ./
RUN /opt/aoba/bin/pip install --no-cache-dir --require-hashes -r requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN /opt/aoba/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.13-slim
RUN useradd --system --uid 5020 --no-create-home aoba
COPY --from=build /opt/aoba /opt/aoba
ENV PATH="/opt/aoba/bin:$PATH"
USER aoba
WORKDIR /plant
EXPOSE 5020
ENTRYPOINT ["aoba"]
CMD ["--help"]
