{{- define "callboard.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "callboard.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{- define "callboard.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}

{{- define "callboard.ownSecret" -}}
{{- if or (and .Values.store.url (not .Values.store.existingSecret)) (and .Values.redis.url (not .Values.redis.existingSecret)) }}true{{ end -}}
{{- end -}}

{{/* Where the settings come from: the later ones win, and `env` wins over them all. */}}
{{- define "callboard.environment" -}}
envFrom:
  - configMapRef: {name: {{ include "callboard.name" . }}}
  {{- with .Values.extraEnvFrom }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- $store := .Values.store.existingSecret | default (ternary (include "callboard.name" .) "" (ne .Values.store.url "")) }}
{{- $redis := .Values.redis.existingSecret | default (ternary (include "callboard.name" .) "" (ne .Values.redis.url "")) }}
{{- if or $store $redis }}
env:
  {{- with $store }}
  - name: CALLBOARD_STORE__URL
    valueFrom:
      secretKeyRef: {name: {{ . }}, key: {{ $.Values.store.key }}}
  {{- end }}
  {{- with $redis }}
  - name: CALLBOARD_REDIS__URL
    valueFrom:
      secretKeyRef: {name: {{ . }}, key: {{ $.Values.redis.key }}}
  {{- end }}
{{- end }}
{{- end -}}

{{- define "callboard.mounts" -}}
- {name: data, mountPath: /var/lib/callboard}
- {name: tmp, mountPath: /tmp}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "callboard.volumes" -}}
- name: tmp
  emptyDir: {sizeLimit: 64Mi}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* What the volume of the store asks for: the StatefulSet makes the claim, or the job before it. */}}
{{- define "callboard.claim" -}}
accessModes: [ReadWriteOnce]
{{- with .Values.persistence.storageClass }}
storageClassName: {{ . }}
{{- end }}
resources:
  requests: {storage: {{ .Values.persistence.size }}}
{{- end -}}

{{- define "callboard.scheme" -}}
{{- if get .Values.config "CALLBOARD_TLS__CERTIFICATE" }}HTTPS{{ else }}HTTP{{ end -}}
{{- end -}}
