# The collector alone, without the demo's models: docker build -t groundspan .
FROM python:3.11-slim
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY sdk ./sdk
COPY collector ./collector
COPY examples ./examples
RUN pip install --no-cache-dir --constraint constraints.txt '.[collector]' \
    && useradd --uid 10001 --create-home groundspan \
    && install --directory --owner groundspan --group groundspan --mode 0700 /data
USER groundspan
WORKDIR /data
VOLUME /data
EXPOSE 4317 4318
ENTRYPOINT ["groundspan"]
