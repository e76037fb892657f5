#!/usr/bin/env bash
# The simulator's wire, spoken to by clients that nobody here wrote: the AWS CLI of Debian, skopeo, and from Go's module proxy crane and regctl,
# which upload in other ways than skopeo does.
set -u
cd "$(dirname "$0")/.." || exit 1
. .ci/lib/simulator.sh
work=$(mktemp -d)
trap 'stop_simulator; rm -rf "$work"' EXIT

start_simulator "$work/simulator.log" --speed 60 || { bad 'the simulator starts'; finish; exit; }
host=${url#http://}
export AWS_REGION=eu-central-1 AWS_DEFAULT_REGION=eu-central-1 AWS_ACCESS_KEY_ID=AKIASIMULATOR0000000 AWS_SECRET_ACCESS_KEY=simulator
export AWS_PAGER='' AWS_EC2_METADATA_DISABLED=true AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_MAX_ATTEMPTS=1

# Debian's own first: another one in PATH (PyPI's, a version manager's shim) is not what is meant.
aws_bin=
if [ -x /usr/bin/aws ] || need aws awscli; then aws_bin=$([ -x /usr/bin/aws ] && echo /usr/bin/aws || command -v aws); fi
# `--endpoint-url`, because older releases of the CLI do not read AWS_ENDPOINT_URL.
aws() { timeout 120 "$aws_bin" --endpoint-url "$url" "$@"; }

# is NAME WANTED COMMAND…: the command's output is exactly that text.
is() {
  local name=$1 wanted=$2 got
  shift 2
  got=$("$@" 2> "$work/error")
  if [ "$got" = "$wanted" ]; then ok "$name"; else bad "$name: wanted '$wanted', got '$got' $(head -c 400 "$work/error")"; fi
}
# refused NAME ERROR COMMAND…: the command fails and names that error.
refused() {
  local name=$1 error=$2
  shift 2
  if "$@" > "$work/output" 2> "$work/error"; then bad "$name: was not refused"
  elif grep -q "($error)" "$work/error"; then ok "$name"
  else bad "$name: wanted $error, got $(head -c 400 "$work/error")"; fi
}
# works NAME COMMAND…
works() {
  local name=$1
  shift
  if "$@" > "$work/output" 2> "$work/error"; then ok "$name"; else bad "$name: $(head -c 400 "$work/error")"; fi
}

if [ -z "$aws_bin" ]; then
  skip 'AWS CLI' 'not here, and awscli could not be installed'
else
  "$aws_bin" --version 2>&1 | awk '{ print $1, $2 }'
  is 'sts get-caller-identity' 123456789012 aws sts get-caller-identity --query Account --output text

  is 'ssm put-parameter' 1 aws ssm put-parameter --name /app/staging/level --type String --value 17.3f9ac2d1 --query Version --output text
  refused 'ssm put-parameter again' ParameterAlreadyExists aws ssm put-parameter --name /app/staging/level --type String --value x
  is 'ssm get-parameter' 17.3f9ac2d1 aws ssm get-parameter --name /app/staging/level --query Parameter.Value --output text
  for n in $(seq 12); do aws ssm put-parameter --name "/page/p$n" --type SecureString --value "v$n" > "$work/output"; done
  is 'ssm get-parameters-by-path, all pages' 12 aws ssm get-parameters-by-path --path /page --with-decryption --query 'length(Parameters)' --output json
  refused 'ssm get-parameter of nothing' ParameterNotFound aws ssm get-parameter --name /nope

  works 'logs create-log-group' aws logs create-log-group --log-group-name /ecs/web
  works 'logs create-log-stream' aws logs create-log-stream --log-group-name /ecs/web --log-stream-name web/app/1
  works 'logs put-log-events' aws logs put-log-events --log-group-name /ecs/web --log-stream-name web/app/1 --log-events "timestamp=$(date +%s)000,message=hello"
  is 'logs get-log-events' hello aws logs get-log-events --log-group-name /ecs/web --log-stream-name web/app/1 --query 'events[0].message' --output text
  refused 'logs of no stream' ResourceNotFoundException aws logs get-log-events --log-group-name /ecs/web --log-stream-name nope

  is 'elbv2 create-target-group' tg aws elbv2 create-target-group --name tg --protocol HTTP --port 80 --vpc-id vpc-1 --target-type ip --query 'TargetGroups[0].TargetGroupName' --output text
  group=$(aws elbv2 describe-target-groups --names tg --query 'TargetGroups[0].TargetGroupArn' --output text)
  works 'elbv2 modify-target-group-attributes' aws elbv2 modify-target-group-attributes --target-group-arn "$group" --attributes Key=deregistration_delay.timeout_seconds,Value=5
  refused 'elbv2 describe-target-health of nothing' TargetGroupNotFound aws elbv2 describe-target-health --target-group-arn "${group%/*}/0123456789abcdef"
  works 'cloudwatch put-metric-alarm' aws cloudwatch put-metric-alarm --alarm-name errors --evaluation-periods 1 --comparison-operator GreaterThanThreshold
  works 'cloudwatch set-alarm-state' aws cloudwatch set-alarm-state --alarm-name errors --state-value OK --state-reason test
  is 'cloudwatch describe-alarms' OK aws cloudwatch describe-alarms --alarm-names errors --query 'MetricAlarms[0].StateValue' --output text

  is 'ecr create-repository' 123456789012.dkr.ecr.eu-central-1.amazonaws.com/app aws ecr create-repository --repository-name app --query repository.repositoryUri --output text
  refused 'ecr create-repository again' RepositoryAlreadyExistsException aws ecr create-repository --repository-name app
  password=$(aws ecr get-login-password)
  if [ -n "$password" ]; then ok 'ecr get-login-password'; else bad 'ecr get-login-password'; fi

  # A service from nothing to stable, and to its next release, judged by the CLI's own waiter.
  cat > "$work/task.json" <<'JSON'
{ "family": "web", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "cpu": "256", "memory": "512",
  "executionRoleArn": "arn:aws:iam::123456789012:role/execution",
  "containerDefinitions": [ { "name": "app", "image": "public.ecr.aws/docker/library/nginx:1", "essential": true, "portMappings": [ { "containerPort": 80 } ],
    "logConfiguration": { "logDriver": "awslogs", "options": { "awslogs-group": "/ecs/web", "awslogs-region": "eu-central-1", "awslogs-stream-prefix": "web" } } } ] }
JSON
  works 'ecs create-cluster' aws ecs create-cluster --cluster-name staging
  is 'ecs register-task-definition' 1 aws ecs register-task-definition --cli-input-json "file://$work/task.json" --query taskDefinition.revision --output text
  works 'ecs create-service' aws ecs create-service --cluster staging --service-name web --task-definition web:1 --desired-count 2 --launch-type FARGATE \
    --network-configuration 'awsvpcConfiguration={subnets=[subnet-1],securityGroups=[sg-1]}' \
    --load-balancers "targetGroupArn=$group,containerName=app,containerPort=80"
  works 'ecs wait services-stable' aws ecs wait services-stable --cluster staging --services web
  is 'ecs describe-services' $'2\t2' aws ecs describe-services --cluster staging --services web --query 'services[0].[desiredCount,runningCount]' --output text
  is 'ecs register-task-definition, next revision' 2 aws ecs register-task-definition --cli-input-json "file://$work/task.json" --query taskDefinition.revision --output text
  works 'ecs update-service' aws ecs update-service --cluster staging --service web --task-definition web:2
  works 'ecs wait services-stable after the update' aws ecs wait services-stable --cluster staging --services web
  is 'ecs describe-services after the update' $'1\tCOMPLETED' aws ecs describe-services --cluster staging --services web \
    --query 'services[0].[length(deployments), deployments[0].rolloutState]' --output text
  tasks=$(aws ecs list-tasks --cluster staging --service-name web --query 'taskArns' --output text)
  is 'ecs describe-tasks' $'RUNNING\tapp' aws ecs describe-tasks --cluster staging --tasks "${tasks%%$'\t'*}" --query 'tasks[0].[lastStatus, containers[0].name]' --output text
  refused 'ecs update-service of nothing' ServiceNotFoundException aws ecs update-service --cluster staging --service nope
  task=$(aws ecs run-task --cluster staging --task-definition web:2 --launch-type FARGATE \
    --network-configuration 'awsvpcConfiguration={subnets=[subnet-1],securityGroups=[sg-1]}' --query 'tasks[0].taskArn' --output text)
  works 'ecs wait tasks-running' aws ecs wait tasks-running --cluster staging --tasks "$task"
  works 'ecs stop-task' aws ecs stop-task --cluster staging --task "$task"
  works 'ecs wait tasks-stopped' aws ecs wait tasks-stopped --cluster staging --tasks "$task"
fi

# layout DIRECTORY: an OCI layout with one image, tag v1; prints its digest.
layout() {
  python3 - "$1" <<'PY'
import gzip, hashlib, io, json, os, random, sys, tarfile
root = sys.argv[1]
os.makedirs(root + '/blobs/sha256')
def blob(data, media_type):
    digest = hashlib.sha256(data).hexdigest()
    with open(f'{root}/blobs/sha256/{digest}', 'wb') as file: file.write(data)
    return {'mediaType': media_type, 'digest': 'sha256:' + digest, 'size': len(data)}
oci = 'application/vnd.oci.image.'
tar = io.BytesIO()
with tarfile.open(fileobj=tar, mode='w') as archive:
    content = random.Random(7).randbytes(12_000_000)
    info = tarfile.TarInfo('data.bin'); info.size = len(content)
    archive.addfile(info, io.BytesIO(content))
config = {'architecture': 'amd64', 'os': 'linux', 'config': {'Labels': {'from': 'clients.sh'}},
          'rootfs': {'type': 'layers', 'diff_ids': ['sha256:' + hashlib.sha256(tar.getvalue()).hexdigest()]}}
manifest = {'schemaVersion': 2, 'mediaType': oci + 'manifest.v1+json',
            'config': blob(json.dumps(config).encode(), oci + 'config.v1+json'),
            'layers': [blob(gzip.compress(tar.getvalue(), mtime=0), oci + 'layer.v1.tar+gzip')]}
entry = blob(json.dumps(manifest).encode(), oci + 'manifest.v1+json')
print(entry['digest'])
entry['annotations'] = {'org.opencontainers.image.ref.name': 'v1'}
json.dump({'schemaVersion': 2, 'manifests': [entry]}, open(root + '/index.json', 'w'))
json.dump({'imageLayoutVersion': '1.0.0'}, open(root + '/oci-layout', 'w'))
PY
}

if [ -z "$aws_bin" ]; then
  skip skopeo 'needs the AWS CLI for its credentials'
elif ! need skopeo skopeo; then
  skip skopeo 'not here, and could not be installed'
elif ! command -v python3 > /dev/null; then
  skip skopeo 'no python3 to make an image layout with'
else
  skopeo --version
  digest=$(layout "$work/layout")
  image=docker://$host/app:v1
  works 'skopeo copy to the registry' skopeo copy --dest-tls-verify=false --dest-creds "AWS:$password" "oci:$work/layout:v1" "$image"
  is 'ecr describe-images of what skopeo pushed' "$digest" aws ecr describe-images --repository-name app --image-ids imageTag=v1 --query 'imageDetails[0].imageDigest' --output text
  skopeo inspect --raw --tls-verify=false --creds "AWS:$password" "$image" > "$work/raw.json" 2> "$work/error"
  is 'skopeo inspect --raw, byte for byte' "${digest#sha256:}" bash -c "sha256sum < '$work/raw.json' | cut -d' ' -f1"
  is 'skopeo inspect' clients.sh skopeo inspect --tls-verify=false --creds "AWS:$password" --format '{{.Labels.from}}' "$image"
  works 'skopeo copy from the registry' skopeo copy --src-tls-verify=false --src-creds "AWS:$password" "$image" "oci:$work/back:v1"
  works 'the blobs are the same' diff -r "$work/layout/blobs" "$work/back/blobs"
  manifest=$(aws ecr batch-get-image --repository-name app --image-ids imageTag=v1 --query 'images[0].imageManifest' --output text)
  is 'ecr put-image promotes the digest' "$digest" aws ecr put-image --repository-name app --image-tag prod --image-manifest "$manifest" --query image.imageId.imageDigest --output text
  refused 'ecr put-image again' ImageAlreadyExistsException aws ecr put-image --repository-name app --image-tag prod --image-manifest "$manifest"
  if skopeo copy --dest-tls-verify=false --dest-creds AWS:wrong "oci:$work/layout:v1" "$image" > "$work/output" 2> "$work/error"; then
    bad 'skopeo with a wrong password: was not refused'
  else
    ok 'skopeo with a wrong password is refused'
  fi
fi

# go_tool NAME PACKAGE: builds it, or says why not.
go_tool() {
  if [ -z "${digest:-}" ]; then skip "$1" 'needs the image that skopeo pushed'
  elif ! need go golang-go; then skip "$1" 'no Go toolchain, and none could be installed'
  elif ! GOBIN=$work timeout 600 go install "$2" > "$work/output" 2> "$work/error"; then
    skip "$1" "go install failed: $(grep -v '^go: downloading' "$work/error" | tail -n 1 | cut -c 1-160)"
  else return 0
  fi
  return 1
}

if go_tool crane github.com/google/go-containerregistry/cmd/crane@latest; then
  export DOCKER_CONFIG=$work/docker
  mkdir "$DOCKER_CONFIG"
  works 'crane auth login' "$work/crane" auth login "$host" -u AWS -p "$password" --insecure
  aws ecr create-repository --repository-name crane > "$work/output"
  works 'crane copies, blob by blob' "$work/crane" copy --insecure "$host/app:v1" "$host/crane:v1"
  is 'crane digest' "$digest" "$work/crane" digest --insecure "$host/crane:v1"
  works 'crane tag' "$work/crane" tag --insecure "$host/crane:v1" prod
  is 'crane ls' $'prod\nv1' "$work/crane" ls --insecure "$host/crane"
fi
if go_tool regctl github.com/regclient/regclient/cmd/regctl@latest; then
  export REGCTL_CONFIG=$work/regctl.json
  works 'regctl registry set' "$work/regctl" registry set "$host" --tls disabled
  works 'regctl registry login' "$work/regctl" registry login "$host" -u AWS -p "$password"
  aws ecr create-repository --repository-name regctl > "$work/output"
  works 'regctl image copy' "$work/regctl" image copy "ocidir://$work/layout:v1" "$host/regctl:v1"
  is 'regctl image digest' "$digest" "$work/regctl" image digest "$host/regctl:v1"
  works 'regctl image inspect' "$work/regctl" image inspect "$host/regctl:v1"
fi

mistakes=$(curl -fsS "$url/_simulator/mistakes")
if [ "$mistakes" = '[]' ]; then ok 'the simulator made no mistake of its own'; else bad "mistakes of the simulator: $mistakes"; fi
finish
