/// What the README of the Go project cloudnativer/kube-ipam publishes.
public enum PublishedManifest {
    /// `fixed-ip-test-Deployment.yaml`, with the indentation and the lines of dashes that it has there.
    public static let deployment = """
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: fixed-ip-test
          namespace: default
          labels:
            k8s-app: cloudnativer-test
        spec:
          replicas: 1
          strategy:
            type: RollingUpdate
            rollingUpdate:
              maxUnavailable: 1
          selector:
            matchLabels:
              k8s-app: cloudnativer-test
          template:
            metadata:
              labels:
                k8s-app: cloudnativer-test
              annotations:
                kube-ipam.ip: "10.188.0.216"
                kube-ipam.netmask: "255.255.0.0"
                kube-ipam.gateway: "10.188.0.1"
            spec:
              containers:
              - name: fixed-ip-test
                image: nginx:1.7.9
                imagePullPolicy: IfNotPresent
                ports:
                - name: http
                  containerPort: 80  
        ---

        """
}
